import { expect, test } from "vitest";
import { makeDrive, type YieldPolicy } from "./barrier.ts";

let bits = 1;
const policies: readonly (readonly [string, YieldPolicy])[] = [
  ["in batches", { every: 256 }],
  ["one event a turn", { every: 1 }],
  ["at random points", { random: () => (bits = (bits * 69069 + 1) >>> 0) >>> 16 }],
  ["never", "never"],
];

test.each(policies)(
  "drains microtasks, ticks and nested mixes of both before the next step, %s",
  async (_name, policy) => {
    let outstanding = 0;
    let steps = 0;
    const step = (): boolean => {
      expect(outstanding).toBe(0);
      if (steps++ >= 300) return false;
      outstanding = 3;
      void (async () => {
        for (let i = 0; i < 20; i++) await null;
        outstanding--;
      })();
      process.nextTick(() => queueMicrotask(() => process.nextTick(() => outstanding--)));
      queueMicrotask(() => process.nextTick(() => Promise.resolve().then(() => outstanding--)));
      return true;
    };
    await makeDrive(policy)(step, (error) => {
      throw error;
    });
    expect(steps).toBe(301);
  },
);

test.each(policies)("reports a floating rejection before the next step, %s", async (_name, policy) => {
  const seen: unknown[] = [];
  let steps = 0;
  const step = (): boolean => {
    expect(seen.length).toBe(Math.floor(steps / 2));
    steps++;
    if (steps % 2 === 0 && steps < 20) void Promise.reject(new Error(`number ${steps}`));
    return steps < 20;
  };
  await makeDrive(policy)(step, (error) => seen.push((error as Error).message));
  expect(seen.slice(0, 2)).toEqual(["number 2", "number 4"]);
});

test("an error thrown by a step rejects the drive and puts the listeners of the process back", async () => {
  const before = process.listeners("unhandledRejection");
  const failing = makeDrive()(
    () => {
      throw new Error("a bug of ours");
    },
    () => {},
  );
  await expect(failing).rejects.toThrow("a bug of ours");
  expect(process.listeners("unhandledRejection")).toEqual(before);
});

test.each([{ every: 256 }, { every: 1 }] as const)("says so before anything from outside runs, %o", async (policy) => {
  let isInside = false;
  const outside: boolean[] = [];
  const timer = setInterval(() => outside.push(isInside), 0);
  let steps = 0;
  const step = (): boolean => {
    isInside = true;
    // Long enough for the interval to be due at every turn of the loop.
    for (const end = performance.now() + 0.05; performance.now() < end; );
    return steps++ < 2000;
  };
  const beforeTurn = (): void => {
    isInside = false;
  };
  const strayError = (error: unknown): void => {
    throw error;
  };
  await makeDrive(policy)(step, strayError, beforeTurn);
  clearInterval(timer);
  expect(outside.length).toBeGreaterThan(2);
  expect(outside).not.toContain(true);
});
