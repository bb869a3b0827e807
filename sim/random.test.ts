import fc from "fast-check";
import { expect, test } from "vitest";
import { Digest } from "./digest.ts";
import { avalanche, hashText, keyed, scale } from "./hash.ts";
import { exponentialUs, negativeLogQ16 } from "./math.ts";
import { Random } from "./random.ts";

test("a stream is what its seed and name say, on every Node major", () => {
  const random = new Random("hello.", "net");
  expect([random.uint32(), random.below(10), random.between(5, 6), random.below(1e12)]).toMatchInlineSnapshot(`
    [
      2759814591,
      8,
      5,
      894484087290,
    ]
  `);
  expect(new Random("a", "x").uint32()).not.toBe(new Random("a", "y").uint32());
});

test("drawing from one stream moves no other", () => {
  const root = new Random("seed", "root");
  const expected = root.fork("b").uint32();
  const other = new Random("seed", "root");
  for (let i = 0; i < 10; i++) other.fork("a").uint32();
  expect(other.fork("b").uint32()).toBe(expected);
});

test("draws stay within their bounds and reach both ends", () => {
  const random = new Random("bounds", "x");
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(random.between(3, 7));
  expect([...seen].sort((x, y) => x - y)).toEqual([3, 4, 5, 6, 7]);
  for (let i = 0; i < 1000; i++) {
    const value = random.logarithmic(200, 4000);
    expect(value >= 200 && value <= 4000).toBe(true);
  }
  expect(() => random.below(0)).toThrow(RangeError);
  expect(() => random.pick([])).toThrow(RangeError);
});

test("keyed outcomes are golden, uniform, and depend on each part of their address", () => {
  const seed = hashText("seed");
  const link = hashText("net/n1>n2");
  expect([keyed(seed, link, 0, 1), keyed(seed, link, 1, 1), keyed(seed, link, 0, 2)]).toMatchInlineSnapshot(`
    [
      4275133068,
      2044190787,
      3333605760,
    ]
  `);
  const buckets = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) buckets[scale(keyed(seed, link, i, 3), 16)]!++;
  for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(keyed(seed, link, 2 ** 33, 1)).not.toBe(keyed(seed, link, 2, 1));
});

test("the digest tells order, length and single bits apart", () => {
  const of = (...words: number[]): string => {
    const digest = new Digest();
    for (const word of words) digest.word(word);
    return digest.hex();
  };
  expect(of(1, 2, 3)).toMatchInlineSnapshot(`"62ffaba3fa35b553"`);
  expect(new Set([of(), of(0), of(0, 0), of(1, 2), of(2, 1), of(1), of(-1)]).size).toBe(7);
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), fc.nat(31), (words, at, bit) => {
      const changed = words.slice();
      changed[at % words.length]! ^= 1 << bit;
      return of(...words) !== of(...changed);
    }),
  );
});

test("the integer logarithm is golden and within 2^-12 of the true one", () => {
  const samples = [0, 1, 1000, 65535, 2 ** 20, 2 ** 31, 2 ** 32 - 2];
  expect(samples.map((bits) => negativeLogQ16(bits))).toMatchInlineSnapshot(`
    [
      1453632,
      1408206,
      1000862,
      726816,
      545112,
      45426,
      1,
    ]
  `);
  for (let i = 0; i < 2000; i++) {
    const bits = avalanche(i);
    const exact = -Math.log((bits + 1) / 2 ** 32);
    expect(Math.abs(negativeLogQ16(bits) / 65536 - exact)).toBeLessThan(2 ** -12 + exact / 4096);
  }
});

test("exponential delays have the mean that was asked for", () => {
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += exponentialUs(avalanche(i), 1000);
  expect(Math.abs(sum / 20_000 - 1000)).toBeLessThan(25);
});
