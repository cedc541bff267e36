// A reporter of vitest, inside Wine: writes down at once what begins and ends, one JSON object a
// line, so that something outside can tell where a run stands that never comes back.
import { appendFileSync } from 'node:fs';

const FILE = process.env.VSC_LAB_PROGRESS;

function note(entry) {
  appendFileSync(FILE, `${JSON.stringify(entry)}\n`);
}

export default class ProgressReporter {
  onTestModuleQueued(module) {
    note({ event: 'file', file: module.relativeModuleId });
  }

  onTestCaseReady(test) {
    note({ event: 'begin', test: test.fullName });
  }

  onTestCaseResult(test) {
    const tries = 1 + (test.diagnostic()?.retryCount ?? 0);
    note({ event: 'end', test: test.fullName, state: test.result().state, tries });
  }

  onTestModuleEnd(module) {
    note({ event: 'file end', file: module.relativeModuleId });
  }

  /** A test that takes long shows by it that it goes on. */
  onUserConsoleLog() {
    note({ event: 'output' });
  }
}
