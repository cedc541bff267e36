import { readFileSync, statSync, writeFileSync } from 'node:fs';

/** What `progress-reporter.mjs` has written about a run. */
export class Progress {
  #file;

  constructor(file) {
    this.#file = file;
    writeFileSync(file, '');
  }

  /** Milliseconds since anything began or ended. */
  get silence() {
    return Date.now() - statSync(this.#file).mtimeMs;
  }

  /** The tests that have ended. */
  get counts() {
    const ended = (state) =>
      this.#entries.filter((entry) => entry.event === 'end' && entry.state === state).length;
    return { passed: ended('passed'), failed: ended('failed'), skipped: ended('skipped') };
  }

  /** The tests that passed, but not at their first try. */
  get passedLater() {
    return this.#entries
      .filter(({ event, state, tries }) => event === 'end' && state === 'passed' && tries > 1)
      .map(({ test }) => test);
  }

  /** Where the run stands, for people. */
  get place() {
    const entries = this.#entries;
    const file = entries.findLast(({ event }) => event === 'file' || event === 'file end');
    if (!file) return 'before the first test file';
    if (file.event === 'file end') return `after ${file.file}`;
    const test = entries.findLast(({ event }) => event === 'begin' || event === 'end');
    if (!test || entries.indexOf(test) < entries.indexOf(file)) return `${file.file}, at its start`;
    return `${file.file}, ${test.event === 'begin' ? 'in' : 'after'} "${test.test}"`;
  }

  get #entries() {
    // The last line may be on its way.
    const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line));
  }
}
