import { randomBytes } from 'node:crypto';
import type { CreateRequest } from '../../../../lib/backend/backend.js';
import { PinPolicy } from '../../../../lib/pin-policy.js';

/** A request that is in order, with changes. */
export function request(changes: Partial<CreateRequest> = {}): CreateRequest {
  return {
    name: 'A card',
    pin: randomBytes(8),
    puk: undefined,
    adminKey: randomBytes(24),
    pinPolicy: PinPolicy.from(),
    generate: true,
    allowKeyImport: false,
    antiHammering: 'block',
    ...changes,
  };
}
