import { retrieveCertificate } from '../../index.js';
import { usageError } from '../failure.js';
import type { Result } from '../output.js';
import type { Context } from '../verb.js';
import { type CertreqAction, FORM_OPTIONS, requireWindows } from './certreq-action.js';
import { AnswerFiles } from './certreq-answer.js';

/** Asks a CA of Active Directory what has become of a request. */
export const retrieve: CertreqAction = {
  operands: 'REQUESTID [CERTIFICATE [CHAIN.p7b]]',
  maxOperands: 3,
  options: [...FORM_OPTIONS, 'config'],
  run: retrieveAnswer,
};

async function retrieveAnswer({ args, signal }: Context): Promise<Result> {
  const [typed, ...outPaths] = args.operands as [string, ...string[]];
  if (!/^([0-9]{1,10}|0x[0-9a-f]{1,8})$/i.test(typed)) {
    throw usageError('certreq -retrieve takes the number that -submit has shown as RequestId.');
  }
  requireWindows();
  const files = await AnswerFiles.reserve(args, outPaths);
  try {
    const requestId = Number(typed);
    const answer = await retrieveCertificate({ config: args.value('config'), requestId, signal });
    return await files.write(answer);
  } finally {
    await files.discard();
  }
}
