/** Both sides say which one they speak; another one is refused. */
export const PROTOCOL_VERSION = 1;
