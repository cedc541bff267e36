/**
 * What a certificate is for, by name: purposes of RFC 5280, 4.2.1.12, RFC 4334, RFC 4556 and
 * Microsoft's ones.
 */
export type ExtendedKeyUsageName = keyof typeof OBJECT_IDENTIFIERS;

const OBJECT_IDENTIFIERS = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  eapOverLan: '1.3.6.1.5.5.7.3.14',
  ipsecIke: '1.3.6.1.5.5.7.3.17',
  sshClient: '1.3.6.1.5.5.7.3.21',
  pkinitClient: '1.3.6.1.5.2.3.4',
  smartCardLogon: '1.3.6.1.4.1.311.20.2.2',
  encryptingFileSystem: '1.3.6.1.4.1.311.10.3.4',
  documentSigning: '1.3.6.1.4.1.311.10.3.12',
  bitLocker: '1.3.6.1.4.1.311.67.1.1',
  certificateRequestAgent: '1.3.6.1.4.1.311.20.2.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const;

/** All names. */
export const EXTENDED_KEY_USAGE_NAMES = Object.keys(OBJECT_IDENTIFIERS) as ExtendedKeyUsageName[];

/** The object identifier of a name; undefined for what is no name. */
export function extendedKeyUsageOid(name: string): string | undefined {
  return Object.hasOwn(OBJECT_IDENTIFIERS, name)
    ? OBJECT_IDENTIFIERS[name as ExtendedKeyUsageName]
    : undefined;
}
