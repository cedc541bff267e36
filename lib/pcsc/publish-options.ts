import { booleanOption, checkOptions, checkText } from '../arguments.js';
import { describeType, invalidArgument, VirtualSmartCardError } from '../errors.js';

/** How the cards of a store are put into the readers of pcscd. */
export interface PublishOptions {
  /** Where the driver's sockets are; default `/var/lib/virtual-smartcard/readers`. */
  directory?: string | undefined;
  /**
   * Uses the stock driver vpcd in place of our own; default false. It listens on the network without
   * authentication: whoever connects first poses as the card and is given the PINs that are typed.
   */
  insecureVpcd?: boolean | undefined;
  /** With `insecureVpcd`: port of its first reader; default 35963. */
  vpcdPort?: number | undefined;
  /** Told why a card is not in its reader; it is tried again. Default: a process warning. */
  onWarning?: ((warning: VirtualSmartCardError) => void) | undefined;
}

/** Options that have been checked: where the cards go, and who is told of failures. */
export interface CheckedPublishOptions {
  place: { directory: string } | { vpcdPort: number };
  onWarning: (warning: VirtualSmartCardError) => void;
}

/** Where the driver's sockets are, unless `install-reader` was told another place. */
export const DEFAULT_READER_DIRECTORY = '/var/lib/virtual-smartcard/readers';

/** First port of the configuration that vpcd comes with. */
const VPCD_PORT = 0x8c7b;

const NAMES = ['directory', 'insecureVpcd', 'vpcdPort', 'onWarning'];
const MAX_PATH_LENGTH = 4096;
/** The tenth card's port has to be one too. */
const MAX_PORT = 65_535 - 9;

/** @throws VirtualSmartCardError `ERR_INVALID_ARGUMENT` */
export function checkedPublishOptions(options: PublishOptions): CheckedPublishOptions {
  checkOptions(options, NAMES);
  const { directory, vpcdPort, onWarning = warnProcess } = options;
  if (typeof onWarning !== 'function') {
    throw invalidArgument('onWarning', 'a function', describeType(onWarning));
  }
  if (booleanOption(options.insecureVpcd, 'insecureVpcd', false)) {
    if (directory !== undefined) {
      throw invalidArgument('directory', 'nothing beside insecureVpcd', 'a directory');
    }
    return { place: { vpcdPort: checkPort(vpcdPort ?? VPCD_PORT) }, onWarning };
  }
  if (vpcdPort !== undefined) {
    throw new VirtualSmartCardError(
      'ERR_INVALID_ARGUMENT',
      'vpcd listens on all addresses without authentication, so that whoever connects first poses as' +
        ' the card and is given PINs. Use the reader of `virtual-smartcard install-reader`, or ask' +
        ' for it with insecureVpcd.',
      {
        parameter: 'vpcdPort',
        expected: 'insecureVpcd: true beside it',
        actual: 'no insecureVpcd',
      },
    );
  }
  const chosen = directory ?? DEFAULT_READER_DIRECTORY;
  return { place: { directory: checkText(chosen, 'directory', MAX_PATH_LENGTH) }, onWarning };
}

function checkPort(port: unknown): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= MAX_PORT) {
    return port;
  }
  const actual = typeof port === 'number' ? String(port) : describeType(port);
  throw invalidArgument('vpcdPort', `a whole number from 1 to ${MAX_PORT}`, actual);
}

function warnProcess(warning: VirtualSmartCardError): void {
  process.emitWarning(warning.message, { type: 'VirtualSmartCardWarning', code: warning.code });
}
