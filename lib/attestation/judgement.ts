import type { ChainOutcome } from './endorsement-chain.js';
import { has, type StatedKey } from './key-areas.js';
import type { AttestationClaim, AttestationFinding, AttestationReport } from './report.js';

/** What is known of where the attestation key comes from. */
export interface Origin {
  /** An earlier report called it anchored. */
  isKnown: boolean;
  /** It has answered the challenge that only the endorsement key's TPM reads. */
  isActivated: boolean;
  hasCertificate: boolean;
  /** undefined without certificate or roots. */
  outcome: ChainOutcome | undefined;
}

/** What a consistent statement proves, and what it leaves open. */
export function judge(
  key: StatedKey,
  origin: Origin,
): Pick<AttestationReport, 'level' | 'proves' | 'findings'> {
  const gaps = origin.isKnown ? [] : gapsOf(origin);
  const isAnchored = gaps.length === 0;
  return {
    level: isAnchored ? 'anchored' : 'unanchored',
    proves: isAnchored ? ['signed', 'genuineTpm', ...claimsOf(key)] : ['signed'],
    findings: [...gaps, ...weaknessesOf(key)],
  };
}

function gapsOf({ isActivated, hasCertificate, outcome }: Origin): AttestationFinding[] {
  const gaps: AttestationFinding[] = [];
  if (!hasCertificate) {
    gaps.push({
      code: 'noCertificate',
      message: 'The TPM has no certificate for its endorsement key: nobody says that it is a TPM.',
    });
  } else if (!outcome) {
    gaps.push({ code: 'noRoots', message: 'No roots of TPM makers were named to trust.' });
  } else if (!outcome.trusted) {
    gaps.push({
      code: 'untrusted',
      message: `The endorsement key's certificate is not trusted: ${outcome.reason}.`,
    });
  }
  if (!isActivated) {
    gaps.push({
      code: 'notActivated',
      message:
        'Nobody has asked whether attestation key and endorsement key are in one TPM: send it a challenge (makeCredential).',
    });
  }
  return gaps;
}

function claimsOf(key: StatedKey): AttestationClaim[] {
  const claims: AttestationClaim[] = [];
  const staysInTpm = isBound(key);
  if (opensByPassword(key)) claims.push('authorized');
  if (staysInTpm) claims.push('inTpm');
  if (staysInTpm && has(key, 'sensitiveDataOrigin')) claims.push('bornInTpm');
  return claims;
}

function weaknessesOf(key: StatedKey): AttestationFinding[] {
  const findings: AttestationFinding[] = [];
  if (!has(key, 'sensitiveDataOrigin')) {
    findings.push({
      code: 'notBornInTpm',
      message: 'The key was not made in a TPM but imported: there may be copies elsewhere.',
    });
  }
  if (!isBound(key)) {
    findings.push({ code: 'canLeaveTpm', message: 'The key is not bound to its TPM for good.' });
  }
  if (!opensByPassword(key)) {
    findings.push({
      code: 'openWithoutPassword',
      message: "The key does not open by its authorisation value alone, as a card's keys do.",
    });
  }
  findings.push({
    code: 'pinNotShown',
    message:
      "The key opens by an authorisation value. That it is a secret one, which the card's PIN guards, is this library's doing: no TPM can show it.",
  });
  return findings;
}

function isBound(key: StatedKey): boolean {
  return has(key, 'fixedTPM') && has(key, 'fixedParent');
}

/** TPM2_Certify itself wants the authValue, unless adminWithPolicy says that a policy is wanted. */
function opensByPassword(key: StatedKey): boolean {
  return has(key, 'userWithAuth') && !has(key, 'adminWithPolicy') && key.authPolicy.length === 0;
}
