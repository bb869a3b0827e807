/** The pure parts of the balancer against naive models. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { admits, onChosen, onFailure, onSuccess, SOUND } from "./breaker.ts";
import { type CandidateClass, choose } from "./choice.ts";
import { applyServicesDiff, diffServices, diffSorted, isEmptyDiff, type Services } from "./diff.ts";
import { costQ8At, fadeQ26, observeLatency, PENALTY, scoreOf } from "./ewma.ts";
import { hashName, NameMap } from "./names.ts";
import { compareText } from "../crdt/clock.ts";
import { backendText, parseBackend, parseVip, readVipLabel, VipError, vipText } from "./vip.ts";

const sortedList = fc
  .uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { maxLength: 6 })
  .map((list) => list.sort());
const table: fc.Arbitrary<Services> = fc
  .dictionary(fc.constantFrom("v1", "v2", "v3", "v4", "v5"), sortedList)
  .map((record) =>
    Object.entries(record)
      .sort(([x], [y]) => compareText(x, y))
      .map(([vip, backends]) => ({ vip, backends })),
  );

test("a diff names exactly what differs", () => {
  fc.assert(
    fc.property(sortedList, sortedList, (old, next) => {
      expect(diffSorted(old, next)).toEqual({
        added: next.filter((item) => !old.includes(item)),
        removed: old.filter((item) => !next.includes(item)),
      });
    }),
  );
});

test("the diff of two tables, applied to the first, gives the second", () => {
  fc.assert(
    fc.property(table, table, (old, next) => {
      const diff = diffServices(old, next);
      expect(applyServicesDiff(old, diff)).toEqual(next);
      expect(isEmptyDiff(diff)).toBe(JSON.stringify(old) === JSON.stringify(next));
    }),
  );
});

test("adding the VIP 3 to 1, 2, 4, 5 removes nothing (dcos/minuteman 24b9d3b)", () => {
  expect(diffSorted(["1", "2", "4", "5"], ["1", "2", "3", "4", "5"])).toEqual({ added: ["3"], removed: [] });
});

test("a diff that was made from another table is refused", () => {
  const diff = diffServices([{ vip: "a", backends: ["x"] }], [{ vip: "b", backends: ["y"] }]);
  expect(() => applyServicesDiff([], diff)).toThrow("no service a to remove");
  expect(() =>
    applyServicesDiff(
      [
        { vip: "a", backends: [] },
        { vip: "b", backends: [] },
      ],
      diff,
    ),
  ).toThrow("already");
  const change = diffServices([{ vip: "a", backends: ["x"] }], [{ vip: "a", backends: ["y"] }]);
  expect(() => applyServicesDiff([{ vip: "a", backends: ["z"] }], change)).toThrow("no x in a");
});

test("texts of VIPs and backends round-trip, and everything else is refused", () => {
  for (const text of ["tcp/web.shop:80", "udp/10.1.2.3:65535"]) expect(vipText(parseVip(text))).toBe(text);
  for (const text of ["tcp/web", "sctp/web:80", "tcp/web:080", "tcp/Web:80", "tcp/web:0", "tcp/web:65536", ""])
    expect(() => parseVip(text)).toThrow(VipError);
  expect(backendText(parseBackend("n1/10.0.0.7:9001*2"))).toBe("n1/10.0.0.7:9001*2");
  for (const text of ["n1/x:1", "n1:1*1", "n1/x:1*65536", "n1/x:70000*1", "n1/x:01*1"])
    expect(() => parseBackend(text)).toThrow(VipError);
});

test("labels ask for names of their framework, or for addresses", () => {
  const port = { protocol: "tcp", framework: "shop" } as const;
  expect(readVipLabel("/web:80", port)).toEqual({ protocol: "tcp", host: "web.shop", port: 80 });
  expect(readVipLabel("10.1.2.3:80", port)).toEqual({ protocol: "tcp", host: "10.1.2.3", port: 80 });
  for (const label of ["web:80", "/10.1.2.3:80", "/web", "/web:0", "/web:99999", ""])
    expect(readVipLabel(label, port)).toBe(null);
});

test("names and addresses stay a bijection, whatever is assigned and released, and nobody moves", () => {
  const step = fc.tuple(fc.boolean(), fc.constantFrom("a", "b", "c", "d", "e", "f", "g"));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 40 }), (count, steps) => {
      const map = new NameMap({ first: 184549376, count });
      const model = new Map<string, string>();
      for (const [isAssigned, name] of steps) {
        if (isAssigned) {
          const address = map.assign(name);
          const isFull = model.size >= count && !model.has(name);
          expect(address === null).toBe(isFull);
          if (address !== null) {
            expect(model.get(name) ?? address).toBe(address);
            model.set(name, address);
          }
        } else {
          map.release(name);
          model.delete(name);
        }
        expect(map.entries()).toEqual([...model].sort(([x], [y]) => compareText(x, y)));
        expect(new Set(model.values()).size).toBe(model.size);
      }
    }),
  );
});

test("a name that collides takes the next free address of the block", () => {
  const count = 4;
  const names = Array.from({ length: 40 }, (_, i) => `name${i}`)
    .filter((name) => hashName(name) % count === 3)
    .slice(0, 2);
  const map = new NameMap({ first: 11 * 16777216, count });
  expect(names.map((name) => map.assign(name))).toEqual(["11.0.0.3", "11.0.0.0"]);
});

test("the fading weight is e^-x within 2^-11, in whole numbers", () => {
  for (const decayUs of [1_000, 300_000, 10_000_000]) {
    for (const share of [0.001, 0.01, 0.1, 0.5, 1, 2.5, 7, 15, 31]) {
      const elapsedUs = Math.floor(share * decayUs);
      const exact = Math.exp(-elapsedUs / decayUs);
      const found = fadeQ26(elapsedUs, decayUs);
      expect(Number.isSafeInteger(found)).toBe(true);
      expect(Math.abs(found / 67_108_864 - exact)).toBeLessThan(exact / 2_048 + 1e-6);
    }
  }
});

test("a peak counts at once, and fades to smaller samples", () => {
  let ewma = observeLatency({ costQ8: 0, stampUs: 0 }, { valueUs: 1_000, nowUs: 0 }, 10_000);
  ewma = observeLatency(ewma, { valueUs: 50_000, nowUs: 1 }, 10_000);
  expect(ewma.costQ8).toBe(256 * 50_000);
  ewma = observeLatency(ewma, { valueUs: 1_000, nowUs: 10_001 }, 10_000);
  const exact = 50_000 * Math.exp(-1) + 1_000 * (1 - Math.exp(-1));
  expect(Math.abs(ewma.costQ8 / 256 - exact)).toBeLessThan(exact / 1_000);
  expect(costQ8At(ewma, 10_001 + 400_000, 10_000)).toBe(0);
});

test("a cost never rises by fading, and stays a whole number within its bound", () => {
  const sample = fc.record({
    valueUs: fc.integer({ min: 0, max: 2_000_000_000 }),
    passUs: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 20 }), (samples) => {
      let ewma = { costQ8: 0, stampUs: 0 };
      for (const { valueUs, passUs } of samples) {
        const nowUs = ewma.stampUs + passUs;
        expect(costQ8At(ewma, nowUs, 10_000)).toBeLessThanOrEqual(ewma.costQ8);
        ewma = observeLatency(ewma, { valueUs, nowUs }, 10_000);
        expect(Number.isSafeInteger(ewma.costQ8) && ewma.costQ8 >= 0 && ewma.costQ8 < 34_359_738_368).toBe(true);
      }
    }),
  );
});

test("a backend without history is tried once at once, then only when it has answered", () => {
  expect(scoreOf(0, 0)).toBe(0);
  expect(scoreOf(0, 1)).toBe(PENALTY + 1);
  expect(scoreOf(0, 1)).toBeGreaterThan(scoreOf(34_000_000_000, 60_000));
  expect(scoreOf(256, 3)).toBe(1_024);
});

const BREAKER = { failuresMax: 5, backoffUs: 30 };

test("five failures in a row trip the breaker for the backoff, and a success resets it", () => {
  let breaker = SOUND;
  for (let i = 1; i <= 5; i += 1) {
    expect(admits(breaker, i, BREAKER)).toBe(true);
    breaker = onFailure(breaker, i);
  }
  expect([6, 34, 35].map((nowUs) => admits(breaker, nowUs, BREAKER))).toEqual([false, false, true]);
  expect(admits(onSuccess(), 6, BREAKER)).toBe(true);
});

test("a tripped backend gets one probe in each backoff, also when nothing is heard of it", () => {
  let breaker = SOUND;
  for (let i = 0; i < 5; i += 1) breaker = onFailure(breaker, 0);
  const probes: number[] = [];
  for (let nowUs = 0; nowUs < 100; nowUs += 1) {
    if (!admits(breaker, nowUs, BREAKER)) continue;
    breaker = onChosen(breaker, nowUs, BREAKER);
    probes.push(nowUs);
  }
  expect(probes).toEqual([30, 60, 90]);
});

/** A small generator of its own: the tests need no particular numbers, only the same ones each time. */
function below(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
}

const OPTIONS = { wholeScanMax: 10, probesMax: 20 };

test("two distinct candidates of the best class, and the one with the lower score for its weight", () => {
  const candidate = fc.record({
    candidateClass: fc.constantFrom<CandidateClass>(0, 1, 2),
    score: fc.nat(9),
    weight: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 14 }), fc.nat(), (list, seed) => {
      const candidates = {
        count: list.length,
        classOf: (i: number) => list[i]!.candidateClass,
        scoreOf: (i: number) => list[i]!.score,
        weightOf: (i: number) => list[i]!.weight,
      };
      const choice = choose(candidates, below(seed), OPTIONS);
      if (list.length === 0) {
        expect(choice).toBe(null);
        return;
      }
      const { index, other, candidateClass } = choice!;
      expect(list[index]!.candidateClass).toBe(candidateClass);
      if (list.length <= 10) expect(candidateClass).toBe(Math.min(...list.map((item) => item.candidateClass)));
      if (other === null) return;
      expect(other).not.toBe(index);
      expect(list[other]!.candidateClass).toBe(candidateClass);
      expect(list[index]!.score * list[other]!.weight).toBeLessThanOrEqual(list[other]!.score * list[index]!.weight);
    }),
  );
});

test("a large set is looked at twenty times at most, and two good ones are enough", () => {
  for (const goodCount of [0, 1, 500]) {
    let looks = 0;
    const candidates = {
      count: 1_000,
      classOf: (i: number): CandidateClass => {
        looks += 1;
        return i < goodCount ? 0 : 2;
      },
      scoreOf: () => 1,
      weightOf: () => 1,
    };
    choose(candidates, below(7), OPTIONS);
    expect(looks).toBeLessThanOrEqual(20);
    if (goodCount === 500) expect(looks).toBeLessThan(12);
  }
});
