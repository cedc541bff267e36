import type { SshKeyUse, SshPinRequest } from './agent-options.js';

/** What a person reads who is asked for a PIN. */
export function pinPrompt({ cardName, container, triesLeft, wasWrong }: SshPinRequest): string {
  const before = wasWrong ? 'The PIN was wrong. ' : '';
  return `${before}PIN of the card "${cardName}", for its key "${container}" (${triesLeft} tries left)`;
}

/** What a person reads who is asked whether a key may be used. */
export function confirmPrompt({ cardName, container, fingerprint }: SshKeyUse): string {
  return `Allow use of the key "${container}" of the card "${cardName}"?\nKey fingerprint ${fingerprint}.`;
}
