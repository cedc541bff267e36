import { checkOptions, checkText } from '../arguments.js';
import { VirtualSmartCard } from '../card.js';
import { copyPin } from '../credentials.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';
import type { EstConnector } from './est-options.js';
import type { OpensslKey } from './openssl-tunnel.js';
import type { EstTlsCard } from './tls-client.js';

const NAMES = ['card', 'container', 'pin', 'pkcs11Module'];
const MAX_PATH_LENGTH = 4096;

/** OpenSC takes PINs of Windows' cards up to this length (card-gids.c). */
const OPENSC_PIN_LENGTH = 15;

/** What connects by a card's key, and the copy of its PIN, which the caller wipes. */
export interface CardConnector {
  connect: EstConnector;
  pin: Buffer;
}

/**
 * Connections that a card's key authenticates.
 *
 * @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT`
 */
export function cardConnector(client: EstTlsCard): CardConnector {
  checkOptions(client, NAMES, 'tlsClient');
  const { card, container, pkcs11Module = 'opensc-pkcs11.so' } = client;
  if (!(card instanceof VirtualSmartCard)) {
    throw invalidArgument('tlsClient.card', 'a VirtualSmartCard', describeType(card));
  }
  const module = checkText(pkcs11Module, 'tlsClient.pkcs11Module', MAX_PATH_LENGTH);
  const pin = copyPin(client.pin, 'tlsClient.pin');
  return {
    pin,
    connect: async (target) => {
      const { opensslTunnel } = await import('./openssl-tunnel.js');
      const key = await readyKey(card, container, pin, target.signal);
      target.signal.throwIfAborted();
      return opensslTunnel(target, { ...key, pin, module });
    },
  };
}

/**
 * Where OpenSC finds the key. The PIN is tried by our own way first: what is wrong with it, with how
 * many tries left, is known then, and OpenSSL costs none.
 */
async function readyKey(
  card: VirtualSmartCard,
  container: string | undefined,
  pin: Buffer,
  signal: AbortSignal,
): Promise<Pick<OpensslKey, 'uri' | 'certificate'>> {
  const { cardId, readerName } = await card.info();
  if (process.platform === 'win32') {
    throw unsupported('On Windows there is no program to do TLS by a key on a card');
  }
  if (readerName === undefined || cardId === undefined) {
    throw new VirtualSmartCardError(
      'ERR_SMART_CARD_SERVICE',
      `OpenSSL reaches the card ${card.instanceId} through pcscd, and it is in no reader there. Publish it: manager.publish(), or virtual-smartcard publish.`,
    );
  }
  const key = await card.key(container);
  if (!key.algorithm.startsWith('RSA')) {
    throw new VirtualSmartCardError(
      'ERR_ALGORITHM_NOT_SUPPORTED',
      `OpenSC knows only RSA keys on such cards, and container "${key.container}" holds ${key.algorithm}. Authenticate by an RSA key.`,
    );
  }
  if (pin.length > OPENSC_PIN_LENGTH) {
    throw unsupported(`OpenSC takes PINs of at most ${OPENSC_PIN_LENGTH} bytes`);
  }
  const { pem } = await key.certificate();
  // Closing the client aborts, then wipes: zeros in place of the PIN would cost the card a try.
  signal.throwIfAborted();
  await key.sign('RSA-SHA256', 'TLS client authentication', { pin });
  const info = (await card.containers()).find(({ name }) => name === key.container);
  return { uri: uriOf(cardId, info?.index ?? 0), certificate: pem };
}

/** By the names that OpenSC makes up: the card id's second half, and the place in the container map. */
function uriOf(cardId: string, index: number): string {
  const serial = cardId.replaceAll('-', '').slice(-16).toLowerCase();
  return `pkcs11:serial=${serial};id=%${index.toString(16).padStart(2, '0')};type=private`;
}

function unsupported(what: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `${what}. Give a key in memory (tlsClient), or a way to connect (connect).`,
  );
}
