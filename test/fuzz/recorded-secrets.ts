/** The secrets of the cards that the corpus was recorded on. They open no other card. */
export const RECORDED = {
  pin: Buffer.from('48151623'),
  newPin: Buffer.from('31622777'),
  puk: Buffer.from('2718281828'),
  adminKey: Buffer.from('0123456789abcdef123456789abcdef023456789abcdef01', 'hex'),
} as const;
