import { type AbortOptions, checkOptions, checkSignal, checkText } from '../../arguments.js';
import { describeType, invalidArgument } from '../../errors.js';

/** Which authority to ask. */
export interface AuthorityOptions extends AbortOptions {
  /**
   * The authority, as certutil and certreq write it: `MACHINE\NAME`, or the https address of an
   * enrolment service. Left out, it is the machine's default one.
   */
  config?: string | undefined;
}

/** How a request is submitted. */
export interface SubmitRequestOptions extends AuthorityOptions {
  /** The request as DER, base64 or PEM: PKCS #10, or PKCS #7 or CMC around one. */
  request: string | Uint8Array;
  /** Request attributes, such as `{ name: 'CertificateTemplate', value: 'SmartcardLogon' }`. */
  attributes?: readonly { name: string; value: string }[] | undefined;
}

/** How an answer is asked for again. */
export interface RetrieveCertificateOptions extends AuthorityOptions {
  /** The number that the authority gave the request. */
  requestId: number;
}

/** What [MS-WCCE] lets names and attributes have, without the NUL at their end. */
const LONGEST = 1535;

const CONFIG = /^(?:[^\\]+\\[^\\]+|https:\/\/\S+)$/i;

/** The rest is the request, which takes longer to look at. */
export function checkSubmitOptions(options: SubmitRequestOptions): {
  config: string;
  attributes: string;
} {
  checkOptions(options, ['config', 'request', 'attributes', 'signal']);
  checkSignal(options.signal);
  return {
    config: checkConfig(options.config),
    attributes: attributeLines(options.attributes ?? []),
  };
}

export function checkRetrieveOptions(options: RetrieveCertificateOptions): {
  config: string;
  requestId: number;
} {
  checkOptions(options, ['config', 'requestId', 'signal']);
  checkSignal(options.signal);
  const { requestId } = options;
  if (!Number.isInteger(requestId) || requestId < 1 || requestId > 0x7fffffff) {
    const actual = typeof requestId === 'number' ? String(requestId) : describeType(requestId);
    throw invalidArgument('requestId', 'a whole number from 1 to 2147483647', actual);
  }
  return { config: checkConfig(options.config), requestId };
}

/** Empty for the default one. */
function checkConfig(config: unknown): string {
  if (config === undefined) return '';
  const text = checkText(config, 'config', LONGEST);
  if (CONFIG.test(text)) return text;
  throw invalidArgument('config', 'MACHINE\\NAME or an https address', `"${text.slice(0, 80)}"`);
}

function attributeLines(attributes: unknown): string {
  if (!Array.isArray(attributes)) {
    throw invalidArgument('attributes', 'an array of { name, value }', describeType(attributes));
  }
  const lines = attributes.map((attribute, index) => {
    const parameter = `attributes[${index}]`;
    checkOptions(attribute, ['name', 'value'], parameter);
    const name = checkText(attribute.name, `${parameter}.name`, LONGEST);
    if (name.includes(':')) {
      throw invalidArgument(
        `${parameter}.name`,
        'a name without a colon',
        `"${name.slice(0, 80)}"`,
      );
    }
    return `${name}:${checkText(attribute.value, `${parameter}.value`, LONGEST)}`;
  });
  const text = lines.join('\n');
  if (text.length <= LONGEST) return text;
  const expected = `at most ${LONGEST} characters, as NAME:VALUE in lines`;
  throw invalidArgument('attributes', expected, `${text.length} characters`);
}
