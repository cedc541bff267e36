/** Elementary files of a card with Microsoft's generic profile, by who may do what. */
export const FileId = {
  /** Directory: masterfile and keymap. */
  DIRECTORY: 0xa000,
  /** Everyone reads, the user writes. */
  EVERYONE_READS_USER_WRITES: 0xa010,
  /** Nobody reads, the user writes. */
  USER_WRITES: 0xa011,
  /** Everyone reads, the administrator writes. */
  EVERYONE_READS_ADMIN_WRITES: 0xa012,
  /** The user reads and writes. */
  USER_READS_WRITES: 0xa013,
  /** The administrator reads and writes. */
  ADMIN_READS_WRITES: 0xa014,
} as const;

/** Data objects whose place is fixed. `mscp` files have the next ones, from {@link FIRST_FREE_OBJECT}. */
export const ObjectTag = {
  /** In A000: which data object holds which file. */
  MASTERFILE: 0xdf1f,
  /** In A000: which key file holds which container's key. */
  KEYMAP: 0xdf20,
  /** In A012: the card's 16-byte identifier. */
  CARDID: 0xdf20,
  /** In A010: the applications that use the card. */
  CARDAPPS: 0xdf21,
  /** In A010: the counters by which hosts keep their caches fresh. */
  CARDCF: 0xdf22,
  /** In A010: the container map. */
  CMAPFILE: 0xdf23,
} as const;

/** The data objects from which the files of directory `mscp` take theirs: DF24 to DF7F. */
export const FIRST_FREE_OBJECT = 0xdf24;
export const LAST_FREE_OBJECT = 0xdf7f;

/** Containers that Windows puts on a card. */
export const CONTAINER_LIMIT = 30;

/** Reference of the key that a container gets: 81 and on. Its key file is B0 and this byte. */
export function keyReferenceOf(containerIndex: number): number {
  return 0x81 + containerIndex;
}

/** Identifier of the key file with that key reference: B081 and on. */
export function keyFileId(keyReference: number): number {
  return 0xb000 | keyReference;
}
