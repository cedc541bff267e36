import fc from 'fast-check';
import { text } from './request-arbitrary.js';

interface Section {
  name: string;
  entries: { key: string; fields: string[] }[];
}

const word = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9.-]{0,8}$/)
  .filter((each) => !/^(continue|strings)$/i.test(each));
const field = fc.oneof(fc.stringMatching(/^[A-Za-z0-9{}|:/._-]{1,12}$/), text(0, 40));

const model: fc.Arbitrary<Section[]> = fc.uniqueArray(
  fc.record({
    name: word,
    entries: fc.array(
      fc.record({ key: word, fields: fc.array(field, { minLength: 1, maxLength: 4 }) }),
      { maxLength: 5 },
    ),
  }),
  { minLength: 1, maxLength: 4, selector: ({ name }) => name.toLowerCase() },
);

/** A bracket or an equals sign could, on a line that continues another, be a section or a key. */
const NEEDS_QUOTES = /^$|[",;\\=[]|^\s|\s$/;

/** The same INF in one of the many layouts that mean it. */
export const renderedInf = fc
  .tuple(model, fc.infiniteStream(fc.nat(999)))
  .map(([sections, stream]) => {
    const next = (choices: number) => (stream.next().value ?? 0) % choices;
    const one = <T>(...choices: T[]) => choices[next(choices.length)] as T;
    const blanks = () => one('', ' ', '\t', '   ');
    const comment = () => one('', '', '; a "comment", \\ with = all [of] it', ';');
    const lineEnd = () => one('\n', '\r\n', '\r');
    const between = () => one('', '', `${blanks()}${comment()}${lineEnd()}`);
    const escaped = (value: string) => value.replaceAll('%', '%%').replaceAll('"', '""');

    /** Cut anywhere, but within no pair of surrogates. */
    const cut = (value: string): [string, string] => {
      const characters = [...value];
      const at = next(characters.length + 1);
      return [characters.slice(0, at).join(''), characters.slice(at).join('')];
    };

    const renderField = (value: string) =>
      NEEDS_QUOTES.test(value) || next(2) === 0
        ? `"${escaped(value)}"`
        : value.replaceAll('%', '%%');

    const renderEntry = ({ key, fields }: Section['entries'][number]) => {
      const [last = '', ...others] = [...fields].reverse();
      const separator = () =>
        `${blanks()},${blanks()}${one('', '', `\\${blanks()}${lineEnd()}${blanks()}`)}`;
      const head = others.reverse().map((each) => renderField(each) + separator());
      const [first, second] = next(3) === 0 ? cut(last) : [last, undefined];
      const lines = [
        `${blanks()}${key}${blanks()}=${blanks()}${head.join('')}${renderField(first)}${blanks()}${comment()}${lineEnd()}`,
      ];
      if (second !== undefined) {
        const word = one('_continue_', '_CONTINUE_');
        lines.push(
          between(),
          `${blanks()}${word} = "${escaped(second)}"${blanks()}${comment()}${lineEnd()}`,
        );
      }
      return lines.join('');
    };

    const text = sections
      .map(({ name, entries }) => {
        const head = `${blanks()}[${blanks()}${name}${blanks()}]${blanks()}${comment()}${lineEnd()}`;
        return between() + head + entries.map((entry) => between() + renderEntry(entry)).join('');
      })
      .join('');
    return { sections, text: text + between() };
  });
