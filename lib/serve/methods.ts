import { AdminKey } from '../admin-key.js';
import { aborted } from '../arguments.js';
import type { LongCallOptions } from '../backend/backend.js';
import { type CreateOptions, checkedCreateRequest, wipeCreateRequest } from '../create-request.js';
import { invalidArgument } from '../errors.js';
import { normalizeInstanceId } from '../instance-id.js';
import { attachment, type Call, numberParameter, type Reply, textParameter } from './call.js';
import { type ClientResources, infoOf } from './client-resources.js';
import { encodeError } from './wire-error.js';

/** Carries out one kind of request. It is begun in the order in which the requests arrive. */
type Method = (resources: ClientResources, call: Call) => Promise<Reply>;

/** What a client can ask for. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['list', async ({ backend }) => ({ result: await backend.list() })],
  ['info', info],
  ['create', create],
  ['destroy', destroy],
  ['tpmStatus', async ({ backend }) => ({ result: await backend.tpmStatus() })],
  ['resetTpmLockout', resetTpmLockout],
  ['activateCredential', activateCredential],
  ['watch', watch],
  ['unwatch', unwatch],
  ['noteReader', noteReader],
  ['open', open],
  ['transmit', transmit],
  ['begin', begin],
  ['end', end],
  ['reset', reset],
  ['close', close],
]);

async function info({ backend }: ClientResources, call: Call): Promise<Reply> {
  return { result: await infoOf(backend, instanceIdOf(call)) };
}

/** Attachments: PIN, admin key, and the PUK where there is one. All is checked as it is for a manager. */
async function create({ backend }: ClientResources, call: Call): Promise<Reply> {
  const [pin, , puk] = call.attachments;
  const adminKey = AdminKey.fromBytes(attachment(call, 1));
  try {
    const options = { ...call.params, pin, puk, adminKey } as CreateOptions;
    const request = checkedCreateRequest(options);
    try {
      const instanceId = await backend.create({ ...request, ...longCall(call) });
      if (!call.signal.aborted) return { result: instanceId };
      // It was given up when it could not be stopped any more.
      await backend.destroy(instanceId, {});
      throw aborted(call.signal.reason);
    } finally {
      wipeCreateRequest(request);
    }
  } finally {
    adminKey.dispose();
  }
}

async function destroy({ backend }: ClientResources, call: Call): Promise<Reply> {
  await backend.destroy(instanceIdOf(call), longCall(call));
  return {};
}

async function resetTpmLockout({ backend }: ClientResources, call: Call): Promise<Reply> {
  await backend.resetTpmLockout(attachment(call, 0));
  return {};
}

/** Attachments: the credential blob and the encrypted secret; of the reply, the secret. */
async function activateCredential({ backend }: ClientResources, call: Call): Promise<Reply> {
  const type = textParameter(call, 'type');
  if (type !== 'rsa' && type !== 'ec') throw invalidArgument('type', 'rsa or ec', 'another word');
  const [credentialBlob, encryptedSecret] = [attachment(call, 0), attachment(call, 1)];
  const secret = await backend.activateCredential({ type, credentialBlob, encryptedSecret });
  return { attachments: [secret] };
}

/** The client knows the watch by the number of its call. */
async function watch({ watches }: ClientResources, call: Call): Promise<Reply> {
  await watches.begin(call.id, (header) => call.notify(header));
  return {};
}

async function unwatch({ watches }: ClientResources, call: Call): Promise<Reply> {
  await watches.end(numberParameter(call, 'watch'));
  return {};
}

async function noteReader({ readers }: ClientResources, call: Call): Promise<Reply> {
  const hasName = call.params['readerName'] !== undefined;
  readers.note(instanceIdOf(call), hasName ? textParameter(call, 'readerName') : undefined);
  return {};
}

async function open({ channels }: ClientResources, call: Call): Promise<Reply> {
  return { result: await channels.open(instanceIdOf(call)) };
}

async function transmit({ channels }: ClientResources, call: Call): Promise<Reply> {
  const channel = channels.get(numberParameter(call, 'channel'));
  const { response, failure, revision } = await channel.transmit(attachment(call, 0));
  const result = failure === undefined ? { revision } : { revision, failure: encodeError(failure) };
  return { result, attachments: [response] };
}

async function begin({ channels }: ClientResources, call: Call): Promise<Reply> {
  return { result: await channels.get(numberParameter(call, 'channel')).begin() };
}

async function end({ channels }: ClientResources, call: Call): Promise<Reply> {
  await channels.get(numberParameter(call, 'channel')).end();
  return {};
}

async function reset({ channels }: ClientResources, call: Call): Promise<Reply> {
  await channels.get(numberParameter(call, 'channel')).reset();
  return {};
}

async function close({ channels }: ClientResources, call: Call): Promise<Reply> {
  await channels.close(numberParameter(call, 'channel'));
  return {};
}

function instanceIdOf(call: Call): string {
  return normalizeInstanceId(textParameter(call, 'instanceId'));
}

function longCall(call: Call): LongCallOptions {
  const onProgress: LongCallOptions['onProgress'] = ({ name }) =>
    call.notify({ progress: call.id, status: name });
  return { onProgress, signal: call.signal };
}
