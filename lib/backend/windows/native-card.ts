import { VirtualSmartCardError } from '../../errors.js';
import { keyCheckValue } from '../../gids/triple-des.js';
import type { ManagerAddress, NativeCard } from '../../native-windows.js';
import { PinPolicy } from '../../pin-policy.js';
import type { CreateRequest } from '../backend.js';

/** TPMVSC_ATTESTATION_TYPE. */
const ATTESTATION = { none: 0, aikOnly: 1, aikAndCertificate: 2 } as const;

/**
 * A request as the manager's arguments ([MS-TPMVSC] 3.1.4.1, 3.3.4.1, 3.4.4.1). The oldest interface
 * that can do it is used: 1 where the PIN policy is Windows' own default, 2 for another policy, 3 for
 * attestation. The default policy is left out, as tpmvscmgr does.
 *
 * @throws VirtualSmartCardError `ERR_NOT_SUPPORTED` for what only the embedded backend has
 */
export function nativeCard(request: CreateRequest, address: ManagerAddress): NativeCard {
  const { name, pin, puk, adminKey, generate } = request;
  if (request.allowKeyImport) throw embeddedOnly('allowKeyImport', 'true');
  if (request.antiHammering !== 'block') throw embeddedOnly('antiHammering', "'wait'");
  const attestation = ATTESTATION[request.attestation ?? 'none'];
  const policy = request.pinPolicy.toBytes();
  const pinPolicy = policy.equals(PinPolicy.from().toBytes()) ? undefined : policy;
  return {
    ...address,
    interface: attestation !== ATTESTATION.none ? 3 : pinPolicy ? 2 : 1,
    name,
    adminKey,
    adminKcv: keyCheckValue(adminKey),
    puk,
    pin,
    pinPolicy,
    attestation,
    generate,
  };
}

function embeddedOnly(parameter: string, value: string): VirtualSmartCardError {
  return new VirtualSmartCardError(
    'ERR_NOT_SUPPORTED',
    `Windows' virtual smart cards have no ${parameter}: ${value}. Leave it out, or use the embedded backend.`,
    { parameter },
  );
}
