import type { Socket } from 'node:net';

/** Node knows the descriptor and has no official way to tell it. */
export function socketDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd ?? -1;
}
