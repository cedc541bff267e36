// The few TPM 2.0 commands that the addon's tests send, marshalled by hand. What may hold a secret
// is built in memory of its own, so that the caller can wipe it.

export const STARTUP = Buffer.from('80010000000c000001440000', 'hex');
export const GET_RANDOM = Buffer.from('80010000000c0000017b0010', 'hex');

const OWNER = 0x40000001;
const LOCKOUT = 0x4000000a;
const PASSWORD_SESSION = 0x40000009;

/** TPM2_DictionaryAttackParameters: a command that writes to NV, with a value that tells runs apart. */
export function setRecoveryTime(seconds) {
  return command(0x13a, [LOCKOUT], [u32(32), u32(600), u32(seconds)]);
}

/** TPM2_GetCapability of the property that setRecoveryTime sets. */
export const GET_RECOVERY_TIME = command(0x17a, [], [u32(6), u32(0x211), u32(1)]);

/** TPM2_CreatePrimary of a storage parent: ECC P-256 is quick, RSA takes its time. */
export function createPrimary(type) {
  const parameters =
    type === 'RSA'
      ? [u16(6), u16(128), u16(0x43), u16(0x10), u16(2048), u32(0), u16(0)]
      : [u16(6), u16(128), u16(0x43), u16(0x10), u16(3), u16(0x10), u16(0), u16(0)];
  const area = [u16(type === 'RSA' ? 1 : 0x23), u16(0x0b), u32(0x30472), u16(0), ...parameters];
  return command(0x131, [OWNER], [sized(u16(0), u16(0)), sized(...area), u16(0), u32(0)]);
}

/** TPM2_Create of a sealed object with a password. */
export function seal(parent, authValue, data) {
  const area = [u16(8), u16(0x0b), u32(0x452), u16(0), u16(0x10), u16(0)];
  return command(
    0x153,
    [parent],
    [sized(sized(authValue), sized(data)), sized(...area), u16(0), u32(0)],
  );
}

/** TPM2_Load of what TPM2_Create answered. */
export function load(parent, created) {
  const privateSize = 2 + created.readUInt16BE(14);
  const publicSize = 2 + created.readUInt16BE(14 + privateSize);
  return command(0x157, [parent], [created.subarray(14, 14 + privateSize + publicSize)]);
}

export function unseal(object, authValue) {
  return command(0x15e, [object], [], authValue);
}

export function flush(object) {
  return concat([u16(0x8001), u32(14), u32(0x165), u32(object)]);
}

/**
 * Memory outside of the JavaScript heap, which a garbage collection copies about. Buffer.alloc of up
 * to 64 bytes lies in that heap.
 */
export function allocate(size) {
  return Buffer.from(new ArrayBuffer(size));
}

/** The response code; 0 is success. */
export function codeOf(response) {
  return response.readUInt32BE(6);
}

/** The handle in the response of CreatePrimary and Load. */
export function handleOf(response) {
  return response.readUInt32BE(10);
}

function command(code, handles, parameters, password = Buffer.alloc(0)) {
  const authorized = handles.length > 0;
  const session = [u32(PASSWORD_SESSION), u16(0), Buffer.alloc(1), sized(password)];
  const body = [handles.map(u32), authorized ? [u32(sizeOf(session)), session] : [], parameters];
  return concat([u16(authorized ? 0x8002 : 0x8001), u32(10 + sizeOf(body)), u32(code), body]);
}

/** The parts with their size before them. Parts nest and are copied once, into the whole command. */
function sized(...parts) {
  return [u16(sizeOf(parts)), parts];
}

function sizeOf(parts) {
  return parts.flat(Infinity).reduce((sum, part) => sum + part.length, 0);
}

function u16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function concat(parts) {
  const whole = allocate(sizeOf(parts));
  let offset = 0;
  for (const part of parts.flat(Infinity)) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
