import { resolve } from 'node:path';
import type { IssuedAnswer, RequestAnswer } from '../../index.js';
import type { Arguments } from '../arguments.js';
import { certificateFields, certificatePem, shownName } from '../certificate-text.js';
import { CliError, usageError } from '../failure.js';
import type { Result } from '../output.js';
import { OutputFile } from '../output-file.js';
import { derWanted } from './certreq-action.js';

/** The files that a CA's answer goes to, reserved before the CA is asked. */
export class AnswerFiles {
  readonly #certificate: OutputFile | undefined;
  readonly #chain: OutputFile | undefined;
  readonly #asDer: boolean;

  private constructor(
    certificate: OutputFile | undefined,
    chain: OutputFile | undefined,
    asDer: boolean,
  ) {
    this.#certificate = certificate;
    this.#chain = chain;
    this.#asDer = asDer;
  }

  /**
   * @param paths - of the certificate, and of a PKCS #7 with its chain; either may be missing
   * @throws CliError `ERR_USAGE`, `ERR_FILE_EXISTS`, `ERR_FILE_WRITE`
   */
  static async reserve(args: Arguments, paths: readonly string[]): Promise<AnswerFiles> {
    const [one, other] = paths;
    if (one !== undefined && other !== undefined && resolve(one) === resolve(other)) {
      throw usageError('Certificate and chain go into two files.');
    }
    const options = { force: args.has('force') };
    const certificate = one === undefined ? undefined : await OutputFile.reserve(one, options);
    try {
      const chain = other === undefined ? undefined : await OutputFile.reserve(other, options);
      return new AnswerFiles(certificate, chain, derWanted(args));
    } catch (error) {
      await certificate?.discard();
      throw error;
    }
  }

  /** Writes what was issued, and says how it stands with the request. */
  async write(answer: RequestAnswer): Promise<Result> {
    const { state, requestId, config, message } = answer;
    const document = { state, requestId, config, message };
    const id = `RequestId: ${requestId}`;
    const again = `virtual-smartcard certreq -retrieve -config "${config}" ${requestId}`;
    switch (answer.state) {
      case 'issued':
        return this.#issued(answer, id, again);
      case 'pending':
        return {
          document,
          lines: [id, `The certificate request is pending: ${message}`],
          remarks: [`Somebody at ${config} has to decide. Ask again later: ${again} FILE`],
        };
      case 'denied': {
        const { hresult, advice } = answer;
        const code = `0x${hresult.toString(16).padStart(8, '0')}`;
        return {
          document: { ...document, hresult, advice },
          lines: [id, `The certificate request was denied (${code}): ${message}`, advice],
          exitCode: 1,
        };
      }
    }
  }

  /** Gives up what was not written. */
  async discard(): Promise<void> {
    await this.#certificate?.discard();
    await this.#chain?.discard();
  }

  async #issued(answer: IssuedAnswer, id: string, again: string): Promise<Result> {
    const { state, requestId, config, message, certificate, chain } = answer;
    try {
      await this.#certificate?.commit(
        this.#asDer ? certificate.raw : Buffer.from(certificatePem(certificate)),
      );
      await this.#chain?.commit(await this.#bundle(answer));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const advice = `The CA has issued the certificate: ${again} FILE gets it again.`;
      throw new CliError(error.code, `${error.message} ${advice}`, { cause: error });
    }
    const [file, chainFile] = [this.#certificate?.path, this.#chain?.path];
    return {
      document: {
        ...{ state, requestId, config, message },
        ...certificateFields(certificate),
        chain: chain.map(certificatePem),
        ...(file === undefined ? {} : { file }),
        ...(chainFile === undefined ? {} : { chainFile }),
      },
      lines: [
        id,
        `The certificate was issued to ${shownName(certificate.subject)}: ${message}`,
        ...(file === undefined ? [certificatePem(certificate).trimEnd()] : []),
      ],
      remarks:
        file === undefined
          ? []
          : [`It is in ${file}. "certreq -accept ${chainFile ?? file}" stores it on the card.`],
    };
  }

  /** A PKCS #7 with the certificate and those above it. */
  async #bundle({ pkcs7, certificate, chain }: IssuedAnswer): Promise<Buffer> {
    const { certificateBundle } = await import('../../enroll/certs-only.js');
    const der = pkcs7 ?? certificateBundle([certificate, ...chain].map(({ raw }) => raw));
    const { pemOf } = await import('../../enroll/enroll.js');
    return this.#asDer ? der : Buffer.from(pemOf(der, 'PKCS7'));
  }
}
