/**
 * The answer to reset of a TPM virtual smart card of Windows, ours too: protocol T=1, and historical
 * bytes that name the GIDS application.
 */
export const GIDS_ATR: Uint8Array = Buffer.from('3B8D0180FBA000000397425446590401CF', 'hex');
