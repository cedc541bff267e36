import { formatDuration } from '../../duration.js';
import type { TpmStatus } from '../../index.js';
import { wipe } from '../../secret.js';
import { usageError } from '../failure.js';
import { COMMON_OPTIONS } from '../options.js';
import type { Context, Verb } from '../verb.js';

export const tpm: Verb = {
  name: 'tpm',
  summary: 'show the TPM and its lockout',
  options: COMMON_OPTIONS,
  examples: ['tpm', 'tpm status --json'],
  async run({ openManager }) {
    const status = await (await openManager()).tpmStatus();
    return { document: { ...status }, lines: statusLines(status) };
  },
};

export const resetLockout: Verb = {
  name: 'tpm reset-lockout',
  summary: "end the TPM's lockout with its lockout authorisation",
  options: {
    ...COMMON_OPTIONS,
    yes: { takes: 'nothing', text: 'do not ask whether it shall be tried', words: ['y'] },
    'authorization-stdin': {
      takes: 'nothing',
      text: 'read the lockout authorisation from standard input, one line; it may be empty',
    },
  },
  notes: [
    'A wrong lockout authorisation bans further tries for the recovery time, which "tpm" shows.',
  ],
  examples: ['tpm reset-lockout', 'tpm reset-lockout --yes --authorization-stdin < authorization'],
  async run(context) {
    const { args, secrets, output } = context;
    const fromStdin = args.has('authorization-stdin');
    secrets.requireSource(fromStdin, 'authorization-stdin');
    const manager = await context.openManager();
    const { lockoutRecoveryMs } = await manager.tpmStatus();
    output.warn(
      'If the lockout authorisation is wrong, the TPM bans further tries for' +
        ` ${formatDuration(lockoutRecoveryMs)}.`,
    );
    await requireConsent(context);
    const asked = await secrets.ask([{ name: 'lockout authorisation' }], fromStdin);
    try {
      await manager.resetTpmLockout({ lockoutAuthorization: asked[0] as Buffer });
    } finally {
      wipe(...asked);
    }
    const status = await manager.tpmStatus();
    return { document: { ...status }, lines: ["The TPM's lockout was reset."] };
  },
};

async function requireConsent({ args, secrets }: Context): Promise<void> {
  if (args.has('yes')) return;
  const consent = await secrets.confirm('Try it?');
  if (consent) return;
  throw usageError(
    consent === undefined
      ? 'There is no terminal on which to ask whether it shall be tried. Add --yes.'
      : 'Not tried, as you wished.',
  );
}

function statusLines(status: TpmStatus): string[] {
  const { lockoutCounter, maxAuthFail, lockoutIntervalMs, lockoutRecoveryMs } = status;
  const lockout = status.inLockout
    ? `on; a try is possible in at most ${formatDuration(status.retryAfterMs)}`
    : 'off';
  return [
    `TPM:       ${status.kind} (${status.address})`,
    `maker:     ${status.manufacturer}, ${status.vendorString}, firmware ${status.firmwareVersion}`,
    `lockout:   ${lockout}`,
    `failures:  ${lockoutCounter} of ${maxAuthFail}; one is forgotten every ${formatDuration(lockoutIntervalMs)}`,
    `recovery:  a wrong lockout authorisation bans tries for ${formatDuration(lockoutRecoveryMs)}`,
  ];
}
