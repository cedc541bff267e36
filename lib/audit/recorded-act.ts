import type { CardConnection } from '../backend/backend.js';

/** Records an act that is made of several calls of a connection, where its acts are recorded. */
export function recordedAct<T>(
  connection: CardConnection,
  act: 'enroll' | 'request' | 'attest',
  work: () => Promise<T>,
  containerOf: (value: T) => string,
): Promise<T> {
  return connection.recordAct ? connection.recordAct(act, work, containerOf) : work();
}
