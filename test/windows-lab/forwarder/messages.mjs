/** The longest message that either side takes. */
const MAX_LENGTH = 1024 * 1024;

const LENGTH_SIZE = 4;

/** The bytes of one message. */
export function encodeMessage(value) {
  const body = Buffer.from(JSON.stringify(value));
  if (body.length > MAX_LENGTH) throw new RangeError(`A message of ${body.length} bytes`);
  const length = Buffer.alloc(LENGTH_SIZE);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

/** Hands each whole message of a socket to `onMessage`; a peer that sends anything else is cut off. */
export function readMessages(socket, onMessage) {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= LENGTH_SIZE) {
      const length = pending.readUInt32LE();
      if (length > MAX_LENGTH) return socket.destroy(new Error(`A message of ${length} bytes`));
      const end = LENGTH_SIZE + length;
      if (pending.length < end) return;
      const body = pending.subarray(LENGTH_SIZE, end);
      pending = pending.subarray(end);
      try {
        onMessage(JSON.parse(body.toString()));
      } catch (error) {
        return socket.destroy(error);
      }
    }
  });
}
