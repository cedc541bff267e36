import { booleanOption, checkOptions, wordOption } from '../arguments.js';
import type { CardConnection, PinOption } from '../backend/backend.js';
import { VirtualSmartCardCertificate } from '../certificate.js';
import { describeType, invalidArgument } from '../errors.js';
import { VirtualSmartCardKey } from '../key.js';
import { selectContainer } from '../key-spec.js';
import { makeRequest } from './enroll.js';
import type { PendingRequest } from './pending-request.js';
import type { RenewalSpec } from './request-spec.js';

const REQUEST_TYPES = ['PKCS10', 'CMC', 'PKCS7'] as const;
const OPTIONS = ['requestType', 'newKey', 'container', 'algorithm', 'keySpec', 'hash', 'padding'];

/** Makes a request to a CA for a certificate that says what an old one says. */
export async function renewCertificate(
  connection: CardConnection,
  which: VirtualSmartCardCertificate | string,
  spec: RenewalSpec,
  pin: PinOption,
): Promise<PendingRequest> {
  checkOptions(spec, OPTIONS, 'spec');
  const requestType = wordOption(spec.requestType, 'requestType', REQUEST_TYPES, 'PKCS10');
  const renewed = await certificateOf(connection, which);
  const { readRequestSpec } = await import('./read-request-spec.js');
  const { inherit } = await import('./renewed-certificate.js');
  const request = readRequestSpec(keyPartOf(spec, renewed.key));
  const complete = await inherit(request, renewed.x509);
  return makeRequest(connection, { ...complete, requestType }, pin, renewed);
}

/** The certificate as the card holds it now. */
async function certificateOf(
  connection: CardConnection,
  which: VirtualSmartCardCertificate | string,
): Promise<VirtualSmartCardCertificate> {
  const expected = 'a certificate of this card or the name of its container';
  const isCertificate = which instanceof VirtualSmartCardCertificate;
  if (!isCertificate && typeof which !== 'string') {
    throw invalidArgument('certificate', expected, describeType(which));
  }
  const name = isCertificate ? which.container : which;
  const info = selectContainer(await connection.containers(), name);
  const key = await VirtualSmartCardKey.load(connection, info);
  const found = await key.certificate();
  if (!isCertificate || found.x509.raw.equals(which.x509.raw)) return found;
  throw invalidArgument('certificate', expected, 'one that the card does not hold any more');
}

/** The key of the new certificate: as the old one where nothing else is said. */
function keyPartOf(spec: RenewalSpec, old: VirtualSmartCardKey) {
  const { hash, padding, container, algorithm, keySpec } = spec;
  if (booleanOption(spec.newKey, 'newKey', true)) {
    const algorithmOrOld = algorithm ?? old.algorithm;
    const keySpecOrOld = keySpec ?? (algorithm === undefined ? old.keySpec : undefined);
    return { hash, padding, container, algorithm: algorithmOrOld, keySpec: keySpecOrOld };
  }
  for (const [name, value] of Object.entries({ container, algorithm, keySpec })) {
    if (value === undefined) continue;
    throw invalidArgument(name, 'nothing where newKey is false', 'a value');
  }
  return { hash, padding, container: old.container, useExistingKey: true };
}
