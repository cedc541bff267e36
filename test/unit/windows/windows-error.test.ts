import { describe, expect, it } from 'vitest';
import { KNOWN_HRESULTS, meaningOf, tpmCodeOf } from '../../../lib/backend/windows/hresults.js';
import { REPORTED_ERRORS } from '../../../lib/backend/windows/reported-error.js';
import { windowsError } from '../../../lib/backend/windows/windows-error.js';
import { VirtualSmartCardError } from '../../../lib/errors.js';
import { nativeError } from './support/fake-addon.js';

function converted(hresult?: number, reportedError?: number): VirtualSmartCardError {
  const fields = {
    ...(hresult !== undefined && { hresult }),
    ...(reportedError !== undefined && { reportedError }),
  };
  const error = windowsError(nativeError('HRESULT', fields));
  if (!(error instanceof VirtualSmartCardError)) throw new Error('no error of the library');
  return error;
}

describe('an error of Windows', () => {
  it.each([
    [0x800702e4, 'ERR_ELEVATION_REQUIRED'],
    [0x80080017, 'ERR_ELEVATION_REQUIRED'],
    [0x800704c7, 'ERR_ELEVATION_REFUSED'],
    [0x80070005, 'ERR_ACCESS_DENIED'],
    [0x8001011b, 'ERR_ACCESS_DENIED'],
    [0x800704d3, 'ERR_TERMINAL_SESSION'],
    [0x800700c1, 'ERR_ARCHITECTURE'],
    [0x80040154, 'ERR_NOT_SUPPORTED'],
    [0x80004002, 'ERR_NOT_SUPPORTED'],
    [0x800706ba, 'ERR_MANAGER_UNAVAILABLE'],
    [0x800706be, 'ERR_MANAGER_UNAVAILABLE'],
    [0x80080005, 'ERR_MANAGER_UNAVAILABLE'],
    [0x80090035, 'ERR_TPM_UNAVAILABLE'],
    [0x8028400f, 'ERR_TPM_UNAVAILABLE'],
    [0x80090030, 'ERR_TPM_NOT_READY'],
    [0x80284015, 'ERR_TPM_NOT_READY'],
    [0x80284018, 'ERR_REBOOT_REQUIRED'],
    [0x80280921, 'ERR_TPM_LOCKED_OUT'],
    [0x8029041b, 'ERR_TPM_LOCKED_OUT'],
    [0x8028014b, 'ERR_TPM_NV_FULL'],
    [0x8010001d, 'ERR_SMART_CARD_SERVICE'],
    [0x80090022, 'ERR_PIN_REQUIRED'],
    [0x8009002e, 'ERR_PIN_REQUIRED'],
    [0x8010006b, 'ERR_PIN_INCORRECT'],
    [0x80090033, 'ERR_PIN_INCORRECT'],
    [0x8010006c, 'ERR_PIN_BLOCKED'],
    [0x8009000f, 'ERR_CONTAINER_EXISTS'],
    [0x80090016, 'ERR_CONTAINER_NOT_FOUND'],
    [0x80090011, 'ERR_CONTAINER_NOT_FOUND'],
    [0x8009000d, 'ERR_CONTAINER_NOT_FOUND'],
    [0x80100030, 'ERR_CONTAINER_NOT_FOUND'],
    [0x80090023, 'ERR_CONTAINER_LIMIT'],
    [0x80090029, 'ERR_ALGORITHM_NOT_SUPPORTED'],
    [0x80090004, 'ERR_ALGORITHM_NOT_SUPPORTED'],
    [0x80090008, 'ERR_ALGORITHM_NOT_SUPPORTED'],
    [0x80090010, 'ERR_ACCESS_DENIED'],
    [0x80090036, 'ERR_WINDOWS'],
    [0x80090038, 'ERR_TERMINAL_SESSION'],
    [0x80090019, 'ERR_NOT_SUPPORTED'],
    [0x80090005, 'ERR_WINDOWS'],
    [0x80070057, 'ERR_WINDOWS'],
    [0x8000ffff, 'ERR_WINDOWS'],
  ] as const)('0x%s has its code, its number and its text', (hresult, code) => {
    const error = converted(hresult);
    expect(error.code).toBe(code);
    expect(error.hresult).toBe(hresult);
    expect(error.message).toMatch(/^It failed with HRESULT\./);
    expect(error.cause).toMatchObject({ hresult });
  });

  it('says what to do for every code that is known', () => {
    expect(KNOWN_HRESULTS.length).toBeGreaterThan(50);
    for (const hresult of KNOWN_HRESULTS) {
      const meaning = meaningOf(hresult);
      expect(meaning?.advice.length, hresult.toString(16)).toBeGreaterThan(20);
      expect(converted(hresult).message).toContain(meaning?.advice);
    }
  });

  it('names each code once', () => {
    expect(new Set(KNOWN_HRESULTS).size).toBe(KNOWN_HRESULTS.length);
  });

  it("has the TPM's own code where there is one", () => {
    expect(converted(0x80280921).tpmCode).toBe(0x921);
    expect(converted(0x80280902)).toMatchObject({ code: 'ERR_TPM_COMMAND', tpmCode: 0x902 });
    expect(tpmCodeOf(0x8028400f)).toBeUndefined();
    expect(tpmCodeOf(0x80290401)).toBeUndefined();
    expect(converted(0x80284001)).not.toHaveProperty('tpmCode');
  });

  it.each([
    [0, 'ERR_ACCESS_DENIED'],
    [1, 'ERR_PIN_POLICY'],
    [2, 'ERR_CARD_LIMIT'],
    [3, 'ERR_TERMINAL_SESSION'],
    [11, 'ERR_CARD_NOT_FOUND'],
  ] as const)('is decided by report %i, which is exact', (number, code) => {
    expect(converted(0x80070057, number).code).toBe(code);
  });

  it('means another thing of a decryption', () => {
    for (const hresult of [0x80090004, 0x80090005]) {
      const error = windowsError(nativeError('HRESULT', { hresult }), 'decrypt');
      expect(error).toMatchObject({ code: 'ERR_DECRYPTION_FAILED', hresult });
    }
    const wrongPin = windowsError(nativeError('HRESULT', { hresult: 0x8010006b }), 'decrypt');
    expect(wrongPin).toMatchObject({ code: 'ERR_PIN_INCORRECT' });
  });

  it('keeps the step that failed where the system code says why', () => {
    const error = converted(0x80280921, 5);
    expect(error).toMatchObject({
      code: 'ERR_TPM_LOCKED_OUT',
      reportedError: 'VTPMSMARTCARD_CREATE',
    });
    expect(error.message).toContain('the TPM side of the card could not be made');
    const unknown = converted(0x80004005, 16);
    expect(unknown).toMatchObject({ code: 'ERR_WINDOWS', reportedError: 'GENERATE_FILESYSTEM' });
    expect(converted(0x80004005, 99)).not.toHaveProperty('reportedError');
  });

  it('knows the 19 reports of the manager in their order', () => {
    expect(REPORTED_ERRORS.map(({ number }) => number)).toEqual([...Array(19).keys()]);
    expect(REPORTED_ERRORS[10]?.name).toBe('VGIDSSIMULATOR_WRITE_PROPERTY');
    expect(REPORTED_ERRORS[18]?.name).toBe('CARD_DESTROY');
  });

  it('stays what it is when it is one of the library, or none of the addon', () => {
    const ours = new VirtualSmartCardError('ERR_CLOSED', 'closed');
    const other = new Error('other');
    expect(windowsError(ours)).toBe(ours);
    expect(windowsError(other)).toBe(other);
    const wrong = Object.assign(new Error('container must be shorter'), {
      code: 'INVALID_ARGUMENT',
    });
    expect(windowsError(wrong)).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      parameter: 'container',
    });
    expect(windowsError(nativeError('CLOSED'))).toMatchObject({ code: 'ERR_CLOSED' });
  });
});
