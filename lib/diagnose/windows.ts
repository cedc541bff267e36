import { WindowsBackend } from '../backend/windows/windows-backend.js';
import { loadWindowsAddon, type WindowsAddon } from '../native-windows.js';
import { checkCards } from './cards.js';
import type { CertificateTerms } from './certificates.js';
import type { Findings } from './findings.js';
import { checkTpm } from './tpm.js';
import { checkUserCertificates } from './user-certificates.js';
import { checkServices } from './windows-services.js';

/** Windows' own cards: its services, the rights of this program, TPM, cards, the user's certificates. */
export async function checkWindowsCards(
  terms: CertificateTerms,
  findings: Findings,
  addon: WindowsAddon = loadWindowsAddon(),
): Promise<void> {
  await checkServices(addon, findings);
  checkRights(addon, findings);
  const backend = new WindowsBackend(addon, {});
  try {
    await checkTpm(backend, findings);
    const cards = await checkCards(backend, terms, findings);
    // Unless all of them are known, none can be said to be gone.
    if (cards) await checkUserCertificates(addon, backend, cards, findings);
  } finally {
    await backend.close();
  }
}

/** What making and destroying cards needs, and using them does not. */
function checkRights(addon: WindowsAddon, findings: Findings): void {
  if (addon.isElevated()) findings.ok('elevation', 'This program runs as an administrator.');
  else {
    findings.info('elevation', 'This program does not run as an administrator.', {
      detail: 'Cards can be used. Making and destroying them needs an administrator.',
      remedy:
        'To make or destroy a card run it as an administrator, or allow Windows to ask (allowElevationPrompt).',
    });
  }
  if (!addon.isRemoteSession()) findings.ok('session', 'This is no session of Remote Desktop.');
  else {
    findings.warning('session', 'This is a session of Remote Desktop.', {
      detail:
        "In it the cards are those of the client's machine, and none can be made or destroyed.",
      remedy: 'Work at the machine itself, or through its command line from elsewhere (OpenSSH).',
    });
  }
}
