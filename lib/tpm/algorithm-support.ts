import { VirtualSmartCardError } from '../errors.js';
import type { CommandRunner } from './command-runner.js';
import { TPM_CC, TPM_RC } from './constants.js';
import { isTpmCode } from './error.js';
import { type KeyShape, keyParameters } from './public-area.js';

const REFUSALS = [TPM_RC.VALUE, TPM_RC.KEY_SIZE, TPM_RC.RANGE, TPM_RC.CURVE];

/** Which keys a TPM can have: it is asked once for each, then that is remembered. */
export class AlgorithmSupport {
  readonly #runner: CommandRunner;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(runner: CommandRunner) {
    this.#runner = runner;
  }

  has(shape: KeyShape): Promise<boolean> {
    if (!isExpressible(shape)) return Promise.resolve(false);
    const id = describeShape(shape);
    const known = this.#known.get(id);
    if (known) return known;
    const asked = this.#ask(keyParameters(shape));
    this.#known.set(id, asked);
    asked.catch(() => this.#known.delete(id));
    return asked;
  }

  /** @throws VirtualSmartCardError `ERR_ALGORITHM_NOT_SUPPORTED` */
  async require(shape: KeyShape): Promise<void> {
    if (!(await this.has(shape))) throw unsupported(shape);
  }

  /** TPM2_TestParms (Part 3, 30.3). It needs no authorisation, so it may run out of turn. */
  async #ask(parameters: Uint8Array): Promise<boolean> {
    try {
      await this.#runner.perform({ code: TPM_CC.TestParms, parameters });
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }
}

/** True when the TPM refused parameters of a key as ones that it does not have. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.some((code) => isTpmCode(error, code));
}

/** The error for a key that the TPM cannot have. */
export function unsupported(shape: KeyShape, cause?: unknown): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_ALGORITHM_NOT_SUPPORTED',
    `This TPM has no keys of the type ${describeShape(shape)}. Every TPM has RSA-2048 with exponent 65537, and EC P-256.`,
    cause === undefined ? {} : { cause },
  );
}

/** An exponent of 0 would mean the default one, and larger ones have no room in TPMS_RSA_PARMS. */
function isExpressible(shape: KeyShape): boolean {
  if (shape.type === 'ec') return true;
  return shape.bits <= 0xffff && shape.exponent > 1 && shape.exponent <= 0xffffffff;
}

function describeShape(shape: KeyShape): string {
  return shape.type === 'ec'
    ? `EC ${shape.curve}`
    : `RSA-${shape.bits} with exponent ${shape.exponent}`;
}
