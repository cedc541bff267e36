export {
  formatAdminChallenge,
  formatAdminResponse,
  parseAdminChallenge,
  parseAdminResponse,
} from './admin/challenge-text.js';
export type { ChangeAdminKeyOptions } from './admin/change-admin-key.js';
export type { AdminKeyEscrow, AdminKeyRecord } from './admin/escrow.js';
export type { AdminKeyDerivation, NextAdminKey } from './admin/next-admin-key.js';
export type { AdminAuthenticator, AdminResponder } from './admin-authentication.js';
export { AdminKey } from './admin-key.js';
export type { DecryptionAlgorithm, SignatureAlgorithm } from './algorithms.js';
export { DECRYPTION_ALGORITHM_NAMES, SIGNATURE_ALGORITHM_NAMES } from './algorithms.js';
export type { AbortOptions } from './arguments.js';
export type { AttestOptions } from './attestation/ask.js';
export {
  type ActivationChallenge,
  type ExpectedActivation,
  makeCredential,
} from './attestation/credential.js';
export type {
  AttestationClaim,
  AttestationFinding,
  AttestationReport,
} from './attestation/report.js';
export type { AttestationStatement } from './attestation/statement.js';
export { type VerifyAttestationOptions, verifyAttestation } from './attestation/verify.js';
export type { AuditOptions } from './audit/audit-options.js';
export type { AuditAct, AuditEvent, AuditWho } from './audit/event.js';
export type {
  AntiHammering,
  Attestation,
  CardEvent,
  CardInfo,
  CardWatch,
  CertificateStoreOption,
  ContainerInfo,
  CredentialTries,
  HashName,
  KeyAlgorithm,
  KeySpec,
  LongCallOptions,
  TpmDevice,
  TpmStatus,
} from './backend/backend.js';
export { VirtualSmartCard } from './card.js';
export type { CardSigner } from './card-signer.js';
export { VirtualSmartCardCertificate } from './certificate.js';
export type { CertificateInput } from './certificate-input.js';
export type { CmsContent } from './cms/content.js';
export { type CmsHash, type CmsMessage, type CmsOptions, signCms } from './cms/sign-cms.js';
export { type SmimeOptions, signSmime } from './cms/sign-smime.js';
export type { CreateOptions } from './create-request.js';
export {
  CREATION_STATUSES,
  type CreationStatus,
  type CreationStatusName,
} from './creation-status.js';
export type { PinOptions } from './credentials.js';
export { type DiagnoseOptions, diagnose } from './diagnose/diagnose.js';
export type {
  DiagnosisFacts,
  DiagnosisFinding,
  DiagnosisReport,
  DiagnosisSeverity,
  DiagnosisVersions,
} from './diagnose/report.js';
export { retrieveCertificate, submitCertificateRequest } from './enroll/adcs/adcs.js';
export type {
  DeniedAnswer,
  IssuedAnswer,
  PendingAnswer,
  RequestAnswer,
} from './enroll/adcs/answer.js';
export type {
  AuthorityOptions,
  RetrieveCertificateOptions,
  SubmitRequestOptions,
} from './enroll/adcs/request-options.js';
export type { CertificateTemplate } from './enroll/certificate-template.js';
export type { DistinguishedName, NameAttributeInput } from './enroll/distinguished-name.js';
export type {
  EnrollmentRequest,
  ExtensionSpec,
} from './enroll/enrollment-request.js';
export type { ExtendedKeyUsageName } from './enroll/extended-key-usage.js';
export type { GeneralName } from './enroll/general-name.js';
export { parseInf } from './enroll/inf.js';
export { formatInf } from './enroll/inf-writer.js';
export type { KeyUsage } from './enroll/key-usage.js';
export type { PendingRequest } from './enroll/pending-request.js';
export type {
  CertificateContentSpec,
  NameInput,
  RenewalSpec,
  RequestKeySpec,
  RequestSpec,
  SelfSignedSpec,
} from './enroll/request-spec.js';
export type { ValiditySpec, ValidityUnit } from './enroll/validity.js';
export type { WindowsSettings } from './enroll/windows-settings.js';
export type { EnsuredCard, EnsureOptions } from './ensure.js';
export {
  VirtualSmartCardError,
  type VirtualSmartCardErrorCode,
  type VirtualSmartCardErrorDetails,
} from './errors.js';
export {
  type EstCardEnrollment,
  type EstCardOptions,
  type EstOperation,
  enrollByEst,
  reenrollByEst,
} from './est/enroll-by-est.js';
export { EstClient, type EstEnrollment, type EstEnrollOptions } from './est/est-client.js';
export type { EstConnector, EstOptions, EstTarget } from './est/est-options.js';
export type { CertificateRequestInput } from './est/pkcs10.js';
export type { EstTlsCard, EstTlsKey } from './est/tls-client.js';
export type { TrustAnchors } from './est/trust-anchors.js';
export type { ImportPfxOptions } from './import-pfx.js';
export type { InstallOptions } from './install-certificate.js';
export { normalizeInstanceId } from './instance-id.js';
export type { JwsAlgorithm } from './jws/jws-algorithm.js';
export type { JwsKeyParameter } from './jws/jws-header.js';
export { type JwsOptions, signJws } from './jws/sign-jws.js';
export { type SignOptions, VirtualSmartCardKey } from './key.js';
export type { PrivateKeyInput } from './key-import.js';
export type { CreateKeySpec, ImportKeySpec } from './key-spec.js';
export { type OpenOptions, VirtualSmartCardManager } from './manager.js';
export { Publication } from './pcsc/publication.js';
export type { PublishOptions } from './pcsc/publish-options.js';
export { type CharacterRule, PinPolicy, type PinPolicyOptions } from './pin-policy.js';
export type { SecretInput } from './secret.js';
export type {
  SelfTestCause,
  SelfTestDetails,
  SelfTestError,
  SelfTestOutcome,
  SelfTestPlatform,
  SelfTestReport,
  SelfTestStep,
} from './self-test/report.js';
export { type SelfTestOptions, selfTest } from './self-test/self-test.js';
export type { ServeOptions } from './serve/serve-options.js';
export { Service } from './serve/service.js';
export { SshAgent, type SshAgentOptions } from './ssh/agent.js';
export type { SshKeyUse, SshPinRequest, SshSignerOptions } from './ssh/agent-options.js';
export { type SshPublicKey, sshPublicKey } from './ssh/public-key.js';
export { type Ssh2Agent, ssh2Agent } from './ssh/ssh2-agent.js';
export type { UnblockOptions } from './unblock.js';
export type { CardKeyAlgorithm, WebHash } from './web-crypto/algorithm.js';
export { CardCrypto, type CardCryptoKeyPair } from './web-crypto/card-crypto.js';
export { CardCryptoKey } from './web-crypto/card-crypto-key.js';
