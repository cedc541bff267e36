import type { CardConnection, ContainerInfo, PinOption } from '../backend/backend.js';
import { VirtualSmartCardError } from '../errors.js';
import type { CardIdentity } from './audited-backend.js';
import type { AuditAct } from './event.js';
import { withMethods } from './pass-through.js';
import type { ActRecorder, Outcome } from './recorder.js';

/** Failures of a credential: of what is no life-cycle act these alone are told. */
const CREDENTIAL_FAILURES = ['ERR_PIN_INCORRECT', 'ERR_PIN_BLOCKED', 'ERR_TPM_LOCKED_OUT'] as const;

/**
 * A connection whose acts are recorded.
 *
 * @param identify - which card it is
 */
export function auditedConnection(
  connection: CardConnection,
  recorder: ActRecorder,
  identify: () => Promise<CardIdentity>,
): CardConnection {
  let known: CardIdentity | undefined;
  const card = async () => {
    // A card that is set up later gets its identifier later.
    if (known?.cardId === undefined) known = await identify();
    return known;
  };
  /** An act, of a container where it is about one. */
  const act = <T>(name: AuditAct, work: () => Promise<T>, container?: string): Promise<T> =>
    recorder.record(work, async () => ({
      act: name,
      ...(await card()),
      ...(container !== undefined && { container }),
    }));
  /** Something that is told of only when the PIN was what failed. */
  const use = <T>(name: AuditAct, work: () => Promise<T>, container?: string): Promise<T> =>
    work().catch((error: unknown) => {
      if (!CREDENTIAL_FAILURES.some((code) => VirtualSmartCardError.is(error, code))) throw error;
      return act<T>(name, () => Promise.reject(error), container);
    });
  /** A container is one act, the certificate that it got with its key another. */
  const make = async (name: AuditAct, work: () => Promise<ContainerInfo>, container: string) => {
    const info = await act(name, work, container);
    if (info.hasCertificate) await act('install-certificate', async () => undefined, container);
    return info;
  };
  const { attest } = connection;
  return withMethods(connection, {
    // Where the backend has it.
    ...(attest && {
      attest: (name: string, data: Uint8Array, options: PinOption) =>
        act('attest', () => attest.call(connection, name, data, options), name),
    }),
    createContainer: (spec, options, complete) =>
      make('create-key', () => connection.createContainer(spec, options, complete), spec.name),
    importContainer: (spec, options, complete) =>
      make('import-key', () => connection.importContainer(spec, options, complete), spec.name),
    deleteContainer: (name, options) =>
      act('delete-key', () => connection.deleteContainer(name, options), name),
    setDefaultContainer: (name, options) =>
      act('set-default', () => connection.setDefaultContainer(name, options), name),
    storeCertificate: (name, certificate, options) =>
      act(
        'install-certificate',
        () => connection.storeCertificate(name, certificate, options),
        name,
      ),
    deleteCertificate: (name, options) =>
      act('delete-certificate', () => connection.deleteCertificate(name, options), name),
    changePin: (oldPin, newPin) => act('change-pin', () => connection.changePin(oldPin, newPin)),
    unblockWithPuk: (puk, newPin) => act('unblock', () => connection.unblockWithPuk(puk, newPin)),
    asAdmin: (respond, action) => act(adminAct(action), () => connection.asAdmin(respond, action)),
    verifyPin: (pin) => use('verify-pin', () => connection.verifyPin(pin)),
    signDigest: (name, scheme, digest, options) =>
      use('sign', () => connection.signDigest(name, scheme, digest, options), name),
    decrypt: (name, scheme, ciphertext, options) =>
      use('decrypt', () => connection.decrypt(name, scheme, ciphertext, options), name),
    recordAct: (name, work, containerOf) =>
      recorder.record(work, async (outcome) => {
        const container = containerIn(outcome, containerOf);
        return { act: name, ...(await card()), ...(container !== undefined && { container }) };
      }),
  });
}

function containerIn<T>(
  outcome: Outcome<T>,
  containerOf: (value: T) => string,
): string | undefined {
  return 'error' in outcome ? undefined : containerOf(outcome.value);
}

function adminAct(action: Parameters<CardConnection['asAdmin']>[1]): AuditAct {
  if ('resetPin' in action) return 'unblock';
  return 'setAdminKey' in action ? 'change-admin-key' : 'verify-admin-key';
}
