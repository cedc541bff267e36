import { onTestFinished } from 'vitest';
import { AdminKey, type VirtualSmartCard, VirtualSmartCardManager } from '../../../lib/index.js';
import { openBackend } from '../manager/support/backend.js';
import { Lab, type RecordedCall } from '../support/lab.js';

/** The authority of the forwarder. */
export const CONFIG = 'ca.lab.example\\Lab Issuing CA';
export const PIN = '12345678';

/** CR_DISP_… */
export const Disposition = { issued: 3, outOfBand: 4, pending: 5, revoked: 6 };

/** What a test lets a call of certcli do: doubles/README.md. */
export interface AuthorityPlan {
  delayMs?: number;
  hang?: true;
  result?: number;
  answer?: object;
  nullText?: true;
}

export const INF = `[NewRequest]
Subject = "CN=Jo, O=Lab"
KeyAlgorithm = ECDSA_P256
KeyUsage = 0x80
HashAlgorithm = sha256
RequestType = PKCS10
`;

/** Attributes that ask for a template. */
export function template(value: string) {
  return [{ name: 'CertificateTemplate', value }];
}

/** A machine with one card, and a request that the card has made. */
export async function newRequest() {
  const lab = await Lab.fresh();
  const manager = VirtualSmartCardManager.over(await openBackend({ certificateStore: 'none' }));
  onTestFinished(() => manager.close());
  const card: VirtualSmartCard = await manager.create({
    name: 'Card',
    pin: PIN,
    adminKey: AdminKey.random(),
  });
  const request = await card.createRequest(INF, { pin: PIN });
  return { lab, card, request };
}

export async function script(
  lab: Lab,
  call: string,
  ...plans: (AuthorityPlan | null)[]
): Promise<void> {
  await lab.request('script', { component: 'certcli', call, plans });
}

/** What certcli was called with, without the releases; those have to be one for each object. */
export async function calls(lab: Lab): Promise<RecordedCall[]> {
  const recorded = await lab.recorded('certcli');
  return recorded.filter(({ call }) => call !== 'Release');
}
