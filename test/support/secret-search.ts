/** The secrets, of those given, that a text has in it in any of the forms that texts have bytes in. */
export function secretsIn(text: string, secrets: readonly Uint8Array[]): Uint8Array[] {
  const lowerCase = text.toLowerCase();
  return secrets.filter((secret) => {
    const bytes = Buffer.from(secret);
    return (
      text.includes(bytes.toString('latin1')) ||
      text.includes(bytes.toString('utf8')) ||
      text.includes(bytes.toString('base64').replace(/=+$/, '')) ||
      text.includes(bytes.toString('base64url')) ||
      lowerCase.includes(bytes.toString('hex')) ||
      text.replace(/\s/g, '').includes([...bytes].join(','))
    );
  });
}
