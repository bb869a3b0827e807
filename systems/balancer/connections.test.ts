/** The table of connections against a naive count. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectionTable } from "./connections.ts";
import { type Backend, backendKey } from "./vip.ts";

const OPTIONS = {
  failuresMax: 2,
  backoffUs: 100,
  decayUs: 1_000,
  connectTimeoutUs: 40,
  responseTimeoutUs: 90,
  idleUs: 300,
};
const ACCEPT = { waitsFor: "accept", request: 0 } as const;
const REPLY = { waitsFor: "reply", request: 1 } as const;
const BACKENDS: readonly Backend[] = [1, 2, 3].map((port) => ({ agent: "n1", address: "n1", port, weight: 1 }));

const made = (flow: string, place = 0) => ({
  flow,
  client: { host: "c1", port: 9000, source: 1 },
  vip: "tcp/a:80",
  backend: BACKENDS[place]!,
});

test("a connection keeps its backend, and is gone without a trace when it was forgotten", () => {
  const table = new ConnectionTable(OPTIONS);
  const { id } = table.open(made("c1:1"), 0);
  expect(table.byFlow("c1:1")).toMatchObject({ id, backend: BACKENDS[0] });
  table.forget(id, 5);
  expect([table.byFlow("c1:1"), table.byId(id), table.size, table.nextDeadlineUs()]).toEqual([null, null, 0, null]);
  table.forgetBackends(() => false);
  expect(table.backends).toEqual([]);
});

test("what is known of a backend stays while it is in a set or has connections", () => {
  const table = new ConnectionTable(OPTIONS);
  const key = backendKey(BACKENDS[0]!);
  const { id } = table.open(made("c1:1"), 0);
  table.forgetBackends(() => false);
  expect(table.backends).toEqual([key]);
  table.forget(id, 1);
  table.forgetBackends((other) => other === key);
  expect(table.backends).toEqual([key]);
});

test("an accept tells the latency but only a reply resets the breaker", () => {
  const table = new ConnectionTable(OPTIONS);
  const key = backendKey(BACKENDS[0]!);
  const { id } = table.open(made("c1:1"), 0);
  table.begin(id, REPLY, 0);
  table.conclude(id, "reply", "failure", 10);
  table.begin(id, ACCEPT, 10);
  table.conclude(id, "accept", "success", 30);
  expect(table.historyOf(key)).toMatchObject({ breaker: { failures: 1 }, ewma: { costQ8: 256 * 20 } });
  table.begin(id, REPLY, 30);
  table.conclude(id, "reply", "success", 31);
  expect(table.historyOf(key).breaker.failures).toBe(0);
});

test("an attempt that was given up has cost its time, and says nothing for or against the backend", () => {
  const table = new ConnectionTable(OPTIONS);
  const key = backendKey(BACKENDS[0]!);
  const { id } = table.open(made("c1:1"), 0);
  table.begin(id, REPLY, 0);
  table.conclude(id, "reply", "failure", 10);
  table.begin(id, REPLY, 10);
  table.forget(id, 60);
  expect(table.historyOf(key)).toMatchObject({ pending: 0, breaker: { failures: 1 }, ewma: { costQ8: 256 * 50 } });
});

test("attempts are overdue by their own timeouts, and idle connections come up", () => {
  const table = new ConnectionTable(OPTIONS);
  const opening = table.open(made("c1:1"), 0).id;
  const asking = table.open(made("c1:2"), 0).id;
  table.begin(opening, ACCEPT, 0);
  table.begin(asking, REPLY, 0);
  expect(table.nextDeadlineUs()).toBe(40);
  expect(table.overdue(39)).toEqual([]);
  expect(table.overdue(40).map(({ id }) => id)).toEqual([opening]);
  expect(table.overdue(90).map(({ id }) => id)).toEqual([opening, asking]);
  table.touch(opening, 100);
  expect(table.idle(300).map(({ id }) => id)).toEqual([asking]);
});

test("pending is the number of connections that wait, after any steps", () => {
  const step = fc.record({
    kind: fc.constantFrom("open", "accept", "reply", "success", "failure", "forget", "touch"),
    pick: fc.nat(5),
    passUs: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new ConnectionTable(OPTIONS);
      const ids: number[] = [];
      let nowUs = 0;
      for (const { kind, pick, passUs } of steps) {
        nowUs += passUs;
        const id = ids[pick % Math.max(1, ids.length)] ?? -1;
        if (kind === "open") ids.push(table.open(made(`c1:${ids.length}`, pick % 3), nowUs).id);
        else if (kind === "accept" || kind === "reply") table.begin(id, kind === "reply" ? REPLY : ACCEPT, nowUs);
        else if (kind === "forget") table.forget(id, nowUs);
        else if (kind === "touch") table.touch(id, nowUs);
        else table.conclude(id, table.byId(id)?.attempt?.waitsFor ?? "reply", kind as "success", nowUs);
        const connections = ids.map((each) => table.byId(each)).filter((each) => each !== null);
        for (const backend of BACKENDS) {
          const own = connections.filter((each) => each.backend === backend);
          expect(table.historyOf(backendKey(backend))).toMatchObject({
            pending: own.filter(({ attempt }) => attempt !== null).length,
            connections: own.length,
          });
        }
      }
    }),
  );
});
