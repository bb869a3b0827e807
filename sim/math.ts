/**
 * The only place where the simulator uses logarithms: all by integer tables, so that no engine's Math can matter.
 *
 * `negativeLog` is -ln(x / 2^32) in units of 2^-16, by a binary logarithm that squares its way through the bits
 * (Knuth, TAOCP vol. 2, 4.6.3 exercise on binary logarithms); the error is below 2^-13.
 */

const LN2_Q16 = 45426; // ln 2 in units of 2^-16

/** floor(log2(x) * 2^16) for a whole number x from 1 to 2^32 - 1, to 15 fractional bits. */
function binaryLogQ16(x: number): number {
  const whole = 31 - Math.clz32(x);
  // The mantissa in [2^15, 2^16): products stay below 2^32, exact in a double.
  let mantissa = whole >= 15 ? Math.floor(x / (1 << (whole - 15))) : x * (1 << (15 - whole));
  let fraction = 0;
  for (let bit = 15; bit >= 1; bit--) {
    mantissa = Math.floor((mantissa * mantissa) / 32768);
    if (mantissa >= 65536) {
      fraction |= 1 << bit;
      mantissa = Math.floor(mantissa / 2);
    }
  }
  return whole * 65536 + fraction;
}

/** -ln((bits + 1) / 2^32) in units of 2^-16, for 32 uniform bits. */
export function negativeLogQ16(bits: number): number {
  const x = bits + 1;
  if (x >= 4294967296) return 0;
  return Math.floor(((32 * 65536 - binaryLogQ16(x)) * LN2_Q16) / 65536);
}

/** A whole number with an exponential distribution around the mean, out of 32 uniform bits; at most 20 means. */
export function exponentialUs(bits: number, meanUs: number): number {
  return Math.floor((Math.min(negativeLogQ16(bits), 20 * 65536) * meanUs) / 65536);
}
