/** Numbers of "TPM 2.0 Library, Part 2: Structures", under the names they have there. */

/** Command codes (6.5.2), keyed by the command's name without `TPM2_`. */
export const TPM_CC = {
  EvictControl: 0x120,
  NV_UndefineSpace: 0x122,
  NV_DefineSpace: 0x12a,
  CreatePrimary: 0x131,
  NV_Write: 0x137,
  DictionaryAttackLockReset: 0x139,
  DictionaryAttackParameters: 0x13a,
  SelfTest: 0x143,
  Startup: 0x144,
  Shutdown: 0x145,
  ActivateCredential: 0x147,
  Certify: 0x148,
  NV_Read: 0x14e,
  PolicySecret: 0x151,
  Create: 0x153,
  Import: 0x156,
  Load: 0x157,
  RSA_Decrypt: 0x159,
  Sign: 0x15d,
  Unseal: 0x15e,
  FlushContext: 0x165,
  NV_ReadPublic: 0x169,
  PolicyAuthValue: 0x16b,
  PolicyCommandCode: 0x16c,
  ReadPublic: 0x173,
  StartAuthSession: 0x176,
  GetCapability: 0x17a,
  TestParms: 0x18a,
  PolicyNvWritten: 0x18f,
} as const;

export const TPM_ST_RSP_COMMAND = 0x00c4;
export const TPM_ST_NO_SESSIONS = 0x8001;
export const TPM_ST_SESSIONS = 0x8002;
export const TPM_ST_ATTEST_CERTIFY = 0x8017;

/** TPM_GENERATED: what a TPM begins a structure with that it signs (6.2). */
export const TPM_GENERATED = 0xff544347;

export const TPM_SU_CLEAR = 0x0000;

export const TPM_RH_OWNER = 0x40000001;
export const TPM_RH_NULL = 0x40000007;
export const TPM_RS_PW = 0x40000009;
export const TPM_RH_LOCKOUT = 0x4000000a;
export const TPM_RH_ENDORSEMENT = 0x4000000b;

/** First handle of each range; the top byte is the handle's type (7.2). */
export const NV_INDEX_FIRST = 0x01000000;
export const HMAC_SESSION_FIRST = 0x02000000;
export const POLICY_SESSION_FIRST = 0x03000000;
export const TRANSIENT_FIRST = 0x80000000;

export const TPM_ALG_RSA = 0x0001;
export const TPM_ALG_SHA1 = 0x0004;
export const TPM_ALG_AES = 0x0006;
export const TPM_ALG_KEYEDHASH = 0x0008;
export const TPM_ALG_SHA256 = 0x000b;
export const TPM_ALG_SHA384 = 0x000c;
export const TPM_ALG_SHA512 = 0x000d;
export const TPM_ALG_NULL = 0x0010;
export const TPM_ALG_RSASSA = 0x0014;
export const TPM_ALG_ECDSA = 0x0018;
export const TPM_ALG_ECC = 0x0023;
export const TPM_ALG_CFB = 0x0043;

export const TPM_ECC_NIST_P256 = 0x0003;
export const TPM_ECC_NIST_P384 = 0x0004;

/** TPMA_OBJECT (8.3). */
export const TPMA_OBJECT = {
  fixedTPM: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  adminWithPolicy: 1 << 7,
  noDA: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

/** TPMA_SESSION (8.4). */
export const TPMA_SESSION = { continueSession: 1 << 0, decrypt: 1 << 5, encrypt: 1 << 6 } as const;

/** TPM_SE: kinds of session (6.11). */
export const TPM_SE_HMAC = 0x00;
export const TPM_SE_POLICY = 0x01;

export const TPM_CAP_HANDLES = 0x00000001;
export const TPM_CAP_TPM_PROPERTIES = 0x00000006;

/** TPM_PT: properties that the status is made of (6.13). */
export const TPM_PT = {
  MANUFACTURER: 0x105,
  VENDOR_STRING_1: 0x106,
  FIRMWARE_VERSION_1: 0x10b,
  FIRMWARE_VERSION_2: 0x10c,
  PERMANENT: 0x200,
  NV_COUNTERS_AVAIL: 0x20b,
  LOCKOUT_COUNTER: 0x20e,
  MAX_AUTH_FAIL: 0x20f,
  LOCKOUT_INTERVAL: 0x210,
  LOCKOUT_RECOVERY: 0x211,
} as const;

/** TPMA_PERMANENT.inLockout (8.6). */
export const TPMA_PERMANENT_IN_LOCKOUT = 1 << 9;

/** Response codes that something here acts upon (6.6.3), without handle, parameter or session number. */
export const TPM_RC = {
  SUCCESS: 0x000,
  VALUE: 0x084,
  KEY_SIZE: 0x087,
  HANDLE: 0x08b,
  RANGE: 0x08d,
  AUTH_FAIL: 0x08e,
  BAD_AUTH: 0x0a2,
  CURVE: 0x0a6,
  INITIALIZE: 0x100,
  AUTH_UNAVAILABLE: 0x12f,
  NV_SPACE: 0x14b,
  NEEDS_TEST: 0x153,
  OBJECT_MEMORY: 0x902,
  SESSION_MEMORY: 0x903,
  SESSION_HANDLES: 0x905,
  YIELDED: 0x908,
  TESTING: 0x90a,
  LOCKOUT: 0x921,
  RETRY: 0x922,
} as const;
