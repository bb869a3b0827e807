/** An error that a program does not catch ends its boot; whether it fails the run is the scenario's to say. */
import { expect, test } from "vitest";
import { linearizable } from "../scenarios/checks.ts";
import { type Scenario, scenario } from "../scenarios/scenario.ts";
import { jsonCodec } from "../systems/json-codec.ts";
import { run } from "./execute.ts";

type Message = { readonly type: string; readonly value: string | null };

/** A register on a disk that nobody harms; its node throws at every third write, when it is done and not yet answered. */
function crashing(uncaughtIsFailure: boolean): Scenario {
  return scenario({
    name: "crashing",
    title: "a node that crashes on an error",
    settings: { nodes: { kind: "choice", of: [1], about: "nodes" } },
    uncaughtIsFailure,
    node: () => async (host) => {
      const file = await host.disk.open("/value", { create: true });
      await host.disk.syncDir("/");
      let written = 0;
      const socket = host.net.open({
        port: 7,
        codec: jsonCodec<Message>(),
        onMessage: async ({ value }: Message, from) => {
          if (value !== null) {
            await file.write(0, new TextEncoder().encode(value));
            written += 1;
            if (written === 3) throw new Error("the third");
          }
          const bytes = await file.read({ offset: 0, length: 3 });
          socket.send(from, { type: "answer", value: new TextDecoder().decode(bytes) });
        },
      });
    },
    client: (host, { nodes }) => ({
      invoke: ({ f, value }) =>
        new Promise((resolve) => {
          const timer = host.timers.after(100_000, () =>
            resolve({ type: f === "read" ? "fail" : "info", error: "no answer" }),
          );
          const onMessage = (answer: Message): void => {
            timer.cancel();
            resolve({ type: "ok", value: f === "read" ? answer.value || null : value });
          };
          const socket = host.net.open({ port: 0, codec: jsonCodec<Message>(), onMessage });
          socket.send({ host: nodes[0]!, port: 7 }, { type: f, value: f === "write" ? String(value) : null });
        }),
    }),
    operations: () =>
      Array.from({ length: 40 }, (_, i) => ({
        process: i % 2,
        afterUs: 5_000,
        ...(i % 4 < 2 ? { f: "write", value: `v${10 + i}` } : { f: "read", value: null }),
      })),
    livenessOperations: (process) => [{ process, afterUs: 0, f: "read", value: null }],
    faults: { kinds: [] },
    checks: [linearizable("register")],
  });
}

test("fails the run at once, unless the scenario is built for it", async () => {
  const failed = await run(crashing(true), { seed: "1" });
  expect(failed.verdict).toBe("failed");
  const [broken] = failed.properties.filter(({ verdict }) => verdict === "invalid");
  expect(broken).toMatchObject({ name: "no-uncaught-error", monitor: true });
  const held = await run(crashing(false), { seed: "1" });
  expect(held.properties.map(({ name, verdict }) => [name, verdict])).toEqual([
    ["linearizable", "valid"],
    ["liveness", "valid"],
  ]);
  expect(held.virtualUs).toBeGreaterThan(failed.virtualUs);
  expect(held.operations.ok).toBeGreaterThan(20);
});
