import { submitCertificateRequest } from '../../index.js';
import { readInputFile } from '../input-file.js';
import type { Result } from '../output.js';
import { readRequestAttributes } from '../request-attributes.js';
import type { Context } from '../verb.js';
import { type CertreqAction, FORM_OPTIONS, requireWindows } from './certreq-action.js';
import { AnswerFiles } from './certreq-answer.js';

/** Sends a request to a CA of Active Directory. */
export const submit: CertreqAction = {
  operands: 'FILE.req [CERTIFICATE [CHAIN.p7b]]',
  maxOperands: 3,
  options: [...FORM_OPTIONS, 'attrib', 'config'],
  run: submitFile,
};

async function submitFile({ args, signal }: Context): Promise<Result> {
  const [path, ...outPaths] = args.operands as [string, ...string[]];
  const attributes = readRequestAttributes(args.value('attrib'));
  const config = args.value('config');
  requireWindows();
  const request = await readInputFile(path);
  const files = await AnswerFiles.reserve(args, outPaths);
  try {
    const answer = await submitCertificateRequest({ config, request, attributes, signal });
    return await files.write(answer);
  } finally {
    await files.discard();
  }
}
