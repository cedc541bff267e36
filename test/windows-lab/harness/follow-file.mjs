import { closeSync, readSync } from 'node:fs';

const INTERVAL_MS = 50;

/**
 * Hands on what another process appends to an open file, until `end`, which hands on the rest and
 * closes the file.
 *
 * @param {number} fd
 * @param {(text: Buffer) => void} onText
 */
export function followFile(fd, onText) {
  const buffer = Buffer.alloc(64 * 1024);
  let position = 0;

  function read() {
    for (;;) {
      const length = readSync(fd, buffer, 0, buffer.length, position);
      if (length === 0) return;
      position += length;
      onText(Buffer.from(buffer.subarray(0, length)));
    }
  }

  const timer = setInterval(read, INTERVAL_MS);
  return {
    end() {
      clearInterval(timer);
      read();
      closeSync(fd);
    },
  };
}
