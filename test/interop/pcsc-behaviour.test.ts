// What the behaviour suite says of keys, signatures, PINs and administration, on cards in the readers
// of a pcscd.
process.env['VSC_TEST_BACKEND'] = 'pcsc';
await import('../behaviour/enrolment.test.js');
await import('../behaviour/keys.test.js');
await import('../behaviour/pin.test.js');
await import('../behaviour/signing.test.js');
await import('../behaviour/administration.test.js');

export {};
