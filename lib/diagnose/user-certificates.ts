import { createHash, X509Certificate } from 'node:crypto';
import type { Backend, CardInfo } from '../backend/backend.js';
import { TIME_LIMITS } from '../backend/windows/limits.js';
import { awaitCall } from '../backend/windows/system-call.js';
import { VirtualSmartCardError } from '../errors.js';
import { foldContainerName } from '../gids/container-map.js';
import type { NativeLinkedCertificate, WindowsAddon } from '../native-windows.js';
import type { Findings } from './findings.js';

/**
 * Certificates of CurrentUser\My whose link leads to a container that no virtual smart card has: those
 * of cards that were destroyed by others, or of a physical card that is not in its reader now.
 */
export async function checkUserCertificates(
  addon: WindowsAddon,
  backend: Backend,
  cards: readonly CardInfo[],
  findings: Findings,
): Promise<void> {
  let linked: NativeLinkedCertificate[];
  try {
    linked = await awaitCall(() => addon.listStoredCertificates(), {
      timeoutMs: TIME_LIMITS.query,
      graceMs: 0,
      what: "Listing the user's certificates",
    });
  } catch (error) {
    findings.failure('user-store', "The user's certificates cannot be listed.", error);
    return;
  }
  const containers = await containersOf(backend, cards);
  if (!containers) return;
  let astray = 0;
  for (const { certificate, container } of linked) {
    if (containers.has(foldContainerName(container))) continue;
    astray += 1;
    const thumbprint = createHash('sha1').update(certificate).digest('hex');
    findings.warning(
      'certificate-of-no-card',
      'A certificate in your store leads to no card that is here.',
      {
        detail: `${nameOf(certificate)}: its container "${container}" is on none. Programs offer it, and fail.`,
        remedy: `If its card was destroyed, and is no physical one: "certutil -user -delstore My ${thumbprint}".`,
        subject: thumbprint,
        facts: { container },
      },
    );
  }
  if (astray === 0) {
    const facts = { certificates: linked.length };
    findings.ok('user-store', 'All smart card certificates of your store have their card.', {
      facts,
    });
  }
}

/** undefined when a card does not tell: it may be the one that a certificate is of. */
async function containersOf(
  backend: Backend,
  cards: readonly CardInfo[],
): Promise<Set<string> | undefined> {
  const names = new Set<string>();
  for (const { instanceId, state } of cards) {
    if (state === 'blank') continue;
    if (state === 'lost') return undefined;
    try {
      const connection = await backend.connect(instanceId);
      try {
        for (const { name } of await connection.containers()) names.add(foldContainerName(name));
      } finally {
        await connection.close();
      }
    } catch (error) {
      // What is wrong with the card has been told before.
      if (VirtualSmartCardError.is(error)) return undefined;
      throw error;
    }
  }
  return names;
}

function nameOf(certificate: Uint8Array): string {
  try {
    return new X509Certificate(certificate).subject.replaceAll('\n', ', ');
  } catch {
    return 'A certificate that OpenSSL does not understand';
  }
}
