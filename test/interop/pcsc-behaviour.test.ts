// What the behaviour suite says of enrolment, keys, signatures and PINs, on cards in the readers of a pcscd.
process.env['VSC_TEST_BACKEND'] = 'pcsc';
await import('../behaviour/enrolment.test.js');
await import('../behaviour/keys.test.js');
await import('../behaviour/pin.test.js');
await import('../behaviour/signing.test.js');

export {};
