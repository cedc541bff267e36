/** Extensions that are made from parts of a request which have words of their own. */
export const ExtensionOid = {
  SUBJECT_KEY_IDENTIFIER: '2.5.29.14',
  KEY_USAGE: '2.5.29.15',
  SUBJECT_ALTERNATIVE_NAME: '2.5.29.17',
  BASIC_CONSTRAINTS: '2.5.29.19',
  EXTENDED_KEY_USAGE: '2.5.29.37',
  SMIME_CAPABILITIES: '1.2.840.113549.1.9.15',
} as const;
