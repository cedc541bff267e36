import type { Bench } from '../bench.js';
import type { Step } from '../step.js';
import { certificateSteps, deletionSteps } from './certificates.js';
import { createSteps } from './create.js';
import { endingSteps } from './ending.js';
import { keySteps } from './keys.js';
import { countSteps, machineSteps } from './machine.js';
import { credentialSteps, wrongPinSteps } from './pins.js';
import { servedBySteps } from './served-by.js';
import { storeSteps } from './store.js';

/** In the order in which they are run: what a step needs comes before it. */
export function allSteps(bench: Bench): Step[] {
  return [
    ...machineSteps(bench),
    ...createSteps(bench),
    ...wrongPinSteps(bench),
    ...keySteps(bench),
    ...certificateSteps(bench),
    ...storeSteps(bench),
    ...credentialSteps(bench),
    ...deletionSteps(bench),
    ...servedBySteps(bench),
    ...countSteps(bench),
    ...endingSteps(bench),
  ];
}
