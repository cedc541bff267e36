import { expect, test } from 'vitest';
import { CREATION_STATUSES } from '../../../lib/index.js';

/** TPMVSCMGR_STATUS of [MS-TPMVSC] 2.2.1.1, in the order of its values, with what tpmvscmgr prints. */
const WINDOWS = [
  ['VTPMSMARTCARD_INITIALIZING', 'Initializing the Virtual Smart Card component...'],
  ['VTPMSMARTCARD_CREATING', 'Creating the Virtual Smart Card component...'],
  ['VTPMSMARTCARD_DESTROYING', 'Destroying the Virtual Smart Card component...'],
  ['VGIDSSIMULATOR_INITIALIZING', 'Initializing the Virtual Smart Card Simulator...'],
  ['VGIDSSIMULATOR_CREATING', 'Creating the Virtual Smart Card Simulator...'],
  ['VGIDSSIMULATOR_DESTROYING', 'Destroying the Virtual Smart Card Simulator...'],
  ['VREADER_INITIALIZING', 'Initializing the Virtual Smart Card Reader...'],
  ['VREADER_CREATING', 'Creating the Virtual Smart Card Reader...'],
  ['VREADER_DESTROYING', 'Destroying the Virtual Smart Card Reader...'],
  ['GENERATE_WAITING', 'Waiting for TPM Smart Card Device...'],
  ['GENERATE_AUTHENTICATING', 'Authenticating to the TPM Smart Card...'],
  ['GENERATE_RUNNING', 'Generating filesystem on the TPM Smart Card...'],
  ['CARD_CREATED', 'TPM Smart Card created.'],
  ['CARD_DESTROYED', 'TPM Smart Card destroyed.'],
];

test("the statuses are Windows' 14, with their numbers and texts", () => {
  expect(CREATION_STATUSES).toEqual(
    WINDOWS.map(([name, message], code) => ({ code, name, message })),
  );
});
