/** What must not change a run: looking at it, checking it, where the engine yields, which process it runs in, what ran before. */
import { expect, test } from "vitest";
import { execute, run } from "../campaign/execute.ts";
import { PURPOSE } from "../sim/kernel.ts";
import { scenarioOf, testNeutrality } from "./neutrality.ts";

testNeutrality([
  ["kv", "neutral/1"],
  ["lesson-stale-read", "neutral/1"],
]);

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
