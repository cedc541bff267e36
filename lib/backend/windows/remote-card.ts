import { VirtualSmartCardError } from '../../errors.js';
import type { CardConnection, CardInfo } from '../backend.js';

/** What exists on another machine is create and destroy. */
export function notSupportedRemotely(what: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED_REMOTE',
    `${what} is not possible on another machine: Windows lets only create and destroy, by instance id, be done from afar. Run the program on that machine.`,
  );
}

/** A card on another machine: it has an instance id and the name it was created with, and that is all. */
export function remoteCardConnection(instanceId: string, name: string): CardConnection {
  const info: CardInfo = {
    instanceId,
    name,
    cardId: undefined,
    readerName: undefined,
    state: 'ready',
    stateReason: undefined,
    tpm: 'hardware',
    antiHammering: 'block',
    allowKeyImport: false,
    hasPuk: undefined,
    pinTriesLeft: undefined,
    pinTriesMax: undefined,
    pukTriesLeft: undefined,
    containerCount: undefined,
  };
  const refuse = () => Promise.reject(notSupportedRemotely('Using a card'));
  return {
    info: async () => info,
    close: async () => undefined,
    containers: refuse,
    createContainer: refuse,
    importContainer: refuse,
    deleteContainer: refuse,
    setDefaultContainer: refuse,
    publicKey: refuse,
    certificate: refuse,
    storeCertificate: refuse,
    deleteCertificate: refuse,
    issuerBundle: refuse,
    storeIssuerBundle: refuse,
    signDigest: refuse,
    decrypt: refuse,
    verifyPin: refuse,
    logout: refuse,
    pinTries: refuse,
    pukTries: refuse,
    changePin: refuse,
    unblockWithPuk: refuse,
    asAdmin: refuse,
  };
}
