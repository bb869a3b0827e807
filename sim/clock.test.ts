import fc from "fast-check";
import { expect, test } from "vitest";
import { HostClock, type WallFault } from "./clock.ts";
import type { ActiveFault } from "./kernel.ts";

const fault: ActiveFault = { index: 0, kind: "clock", effects: 0 };

function makeClock(driftPpm = 0): { clock: HostClock; effects: ActiveFault[] } {
  const effects: ActiveFault[] = [];
  const clock = new HostClock({ epochUs: 1_000_000_000, wallOffsetUs: 500, driftPpm }, (active) =>
    effects.push(active),
  );
  clock.boot(0);
  return { clock, effects };
}

test("the monotonic clock starts at zero with each boot and never runs back when the drift changes", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5_000_000), fc.integer({ min: -2000, max: 2000 }))), (steps) => {
      const { clock } = makeClock(150);
      let nowUs = 0;
      let before = 0;
      for (const [waitUs, ppm] of steps) {
        nowUs += waitUs;
        expect(clock.monotonicUs(nowUs)).toBeGreaterThanOrEqual(before);
        before = clock.monotonicUs(nowUs);
        clock.setDrift(nowUs, ppm, null);
        expect(clock.monotonicUs(nowUs)).toBe(before);
      }
      clock.boot(nowUs);
      expect(clock.monotonicUs(nowUs)).toBe(0);
    }),
  );
});

test("a timer is due at the first true microsecond at which the delay has passed on the host's clock", () => {
  fc.assert(
    fc.property(
      fc.nat(10_000_000),
      fc.nat(10_000_000),
      fc.integer({ min: -5000, max: 5000 }),
      (nowUs, delayUs, ppm) => {
        const { clock } = makeClock(ppm);
        const due = nowUs + clock.trueDelayUs(nowUs, delayUs);
        const target = clock.monotonicUs(nowUs) + delayUs;
        expect(clock.monotonicUs(due)).toBeGreaterThanOrEqual(target);
        if (due > nowUs) expect(clock.monotonicUs(due - 1)).toBeLessThan(target);
      },
    ),
  );
});

const shapes: readonly (readonly [WallFault, number])[] = [
  [{ kind: "step", byUs: -300, fault }, -300],
  [{ kind: "strobe", byUs: 700, periodUs: 10, fault }, 700],
  [{ kind: "freeze", fault }, -1005],
  [{ kind: "backward", fault }, -2010],
];

test.each(shapes)("%o displaces the wall clock, counts as an effect, and is corrected at its end", (spec, expected) => {
  const { clock, effects } = makeClock();
  const honest = clock.wallUs(2005);
  const heal = clock.addWallFault(1000, spec);
  expect(clock.wallUs(2005) - honest).toBe(expected);
  expect(effects).toHaveLength(1);
  heal();
  expect(clock.wallUs(2005)).toBe(honest);
  expect(effects).toHaveLength(1);
});

test("a strobe in its quiet half shows the true time and is no effect", () => {
  const { clock, effects } = makeClock();
  clock.addWallFault(1000, { kind: "strobe", byUs: 700, periodUs: 10, fault });
  clock.wallUs(1015);
  expect(effects).toHaveLength(0);
});

test("faults of the wall clock leave the monotonic clock alone", () => {
  const { clock } = makeClock();
  clock.addWallFault(0, { kind: "backward", fault });
  expect(clock.monotonicUs(5000)).toBe(5000);
});
