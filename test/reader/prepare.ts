import { CardUnderTest } from './card-under-test.js';

/** Before all tests, and once: a wrong PIN is to cost one try, and then nothing else is done. */
export default async function prepare(): Promise<void> {
  const card = await CardUnderTest.open();
  try {
    await card.prepare();
  } finally {
    await card.close();
  }
}
