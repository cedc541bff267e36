/**
 * What an INF text says to Windows' dialogs, key storage provider and store of certificates. It is
 * kept when the request is written back by `formatInf`, and has no effect on a card.
 */
export interface WindowsSettings {
  /** Silent: that no dialog may be shown. */
  silent?: boolean;
  /** UserProtected: that every use of the key is confirmed; a card's PIN does that. */
  userProtected?: boolean;
  /** KeyProtection: the same for the key storage provider. */
  keyProtection?: 'none' | 'protect' | 'forceHighProtection';
  /** UIContextMessage: what the PIN dialog says. */
  uiContextMessage?: string;
  /** KeyUsageProperty: what the key storage provider lets the key do. */
  keyUsageProperty?: readonly ('decrypt' | 'sign' | 'keyAgreement')[];
  /** [Properties] of the certificate in the store, by number, except the friendly name; in order. */
  properties?: readonly { id: number; value: Uint8Array }[];
}
