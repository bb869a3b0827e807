/** What must not change a run: looking at it, checking it, where the engine yields, which process it runs in, what ran before. */
import { expect, test } from "vitest";
import { loadScenario } from "../campaign/catalog.ts";
import { execute, run } from "../campaign/execute.ts";
import { PURPOSE } from "../sim/kernel.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["kv", "neutral/1"],
  ["kv", "neutral/2"],
  ["kv-partitions", "neutral/1"],
  ["kv-disk", "neutral/1"],
  ["kv-clocks", "neutral/1"],
  ["crdt-sets", "neutral/1"],
  ["lesson-stale-read", "neutral/1"],
];

const scenarioOf = (name: string) => loadScenario({ name, file: null });

test.each(CASES)(
  "%s, seed %s: tracing, deep checks, monitors, validation, points of yield and a second run give one digest",
  async (name, seed) => {
    const scenario = await scenarioOf(name);
    const plain = await run(scenario, { seed });
    let bits = 12345;
    const random = (): number => (bits = (Math.imul(bits, 69069) + 1) >>> 0) >>> 16;
    const variants = {
      again: await run(scenario, { seed }),
      traced: await run(scenario, { seed }, { isTracing: true }),
      checked: await run(scenario, { seed }, { isDeepChecking: true }),
      unwatched: await run(scenario, { seed }, { hasMonitors: false }),
      validated: await run(scenario, { seed }, { isValidating: true }),
      yieldingAlways: await run(scenario, { seed }, { yieldPolicy: { every: 1 } }),
      yieldingAtRandom: await run(scenario, { seed }, { yieldPolicy: { random } }),
      neverYielding: await run(scenario, { seed }, { yieldPolicy: "never" }),
    };
    const digests = Object.fromEntries(Object.entries(variants).map(([variant, { digest }]) => [variant, digest]));
    for (const [variant, digest] of Object.entries(digests))
      expect(`${variant} ${digest}`).toBe(`${variant} ${plain.digest}`);
  },
);

test.each(CASES)("%s, seed %s: the resolved input gives the digest and the result of its seed", async (name, seed) => {
  const scenario = await scenarioOf(name);
  const first = await run(scenario, { seed });
  const again = await run(scenario, JSON.parse(JSON.stringify(first.input)));
  expect(again).toEqual(first);
});

test("an error while one run is under way leaves the next one as it would have been", async () => {
  const scenario = await scenarioOf("kv");
  const before = await run(scenario, { seed: "a" });
  await expect(run(scenario, { seed: "b", settings: { nodes: -1 } })).rejects.toThrow("setting nodes");
  await run(scenario, { seed: "c" });
  expect((await run(scenario, { seed: "a" })).digest).toBe(before.digest);
});

test("a reseed changes what comes after its event and nothing before", async () => {
  const scenario = await scenarioOf("kv");
  const whole = await execute(scenario, { seed: "r" }, { isTracing: true });
  const turned = await execute(
    scenario,
    { ...whole.result.input, reseeds: [{ atEvent: 3000, seed: "other" }] },
    { isTracing: true },
  );
  const upTo = (outcome: typeof whole) => JSON.stringify(outcome.trace.filter(({ event }) => event < 2990));
  expect(upTo(turned)).toBe(upTo(whole));
  expect(turned.result.digest).not.toBe(whole.result.digest);
});

test("a held choice fixes one outcome by its address and moves nothing before it", async () => {
  const scenario = await scenarioOf("kv-calm");
  const settings = { nodes: 3, transport: "datagrams" };
  const plain = await execute(scenario, { seed: "choice", settings }, { isTracing: true });
  const delivery = (outcome: typeof plain, ordinal: unknown) =>
    outcome.trace.find(
      ({ action, host, data }) =>
        action === "net.deliver" && host === "n2" && data?.["from"] === "n1" && data["ordinal"] === ordinal,
    );
  const first = plain.trace.find(
    ({ action, host, data }) => action === "net.deliver" && host === "n2" && data?.["from"] === "n1",
  )!;
  const ordinal = first.data!["ordinal"];
  // The largest bits of the latency give the longest delay.
  const choices = [{ at: `net/n1>n2#${ordinal}:${PURPOSE.netLatency}`, bits: 0xffffffff }];
  const held = await execute(scenario, { ...plain.result.input, choices }, { isTracing: true });
  expect(delivery(held, ordinal)!.timeUs).toBeGreaterThan(first.timeUs);
  const sent = (outcome: typeof plain) => JSON.stringify(outcome.trace.filter(({ event }) => event < first.event - 5));
  expect(sent(held)).toBe(sent(plain));
});
