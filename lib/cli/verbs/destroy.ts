import { normalizeInstanceId } from '../../index.js';
import { COMMON_OPTIONS, INSTANCE_OPTION, MACHINE_OPTION } from '../options.js';
import type { Verb } from '../verb.js';

export const destroy: Verb = {
  name: 'destroy',
  summary: 'destroy a card and its keys, for good',
  options: {
    ...COMMON_OPTIONS,
    ...MACHINE_OPTION,
    instance: { ...INSTANCE_OPTION.instance, text: 'device instance id of the card; required' },
  },
  examples: ['destroy --instance 0000', 'destroy /instance ROOT\\SMARTCARDREADER\\0000'],
  async run({ args, output, openManager, signal }) {
    // Required even when there is one card only: nothing brings a card back.
    const instanceId = normalizeInstanceId(args.required('instance'));
    const manager = await openManager({ machine: args.value('machine') });
    await manager.destroy(instanceId, { onProgress: output.progress, signal });
    return { document: { instanceId, destroyed: true } };
  },
};
