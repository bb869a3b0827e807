/** A log that acknowledges before it syncs, under power losses: acknowledged entries vanish. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { earlyAckLog, earlyAckLogClient } from "../systems/lessons/early-ack-log.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "./checks.ts";
import { type PlannedOperation, type Scenario, scenario } from "./scenario.ts";

export const lessonEarlyAckLog: Scenario = scenario({
  name: "lesson-early-ack-log",
  title: "wrong on purpose: a log that acknowledges before it syncs",
  default: false,
  settings: {
    nodes: { kind: "choice", of: [1], about: "log servers" },
    clients: { kind: "integer", min: 1, max: 3, about: "client processes" },
    chaosUs: { kind: "integer", min: 1_000_000, max: 3_000_000, about: "length of the chaos phase" },
  },
  faults: { kinds: ["power-loss", "kill"], intensityPerMille: 3000 },
  node: () => earlyAckLog(),
  client: (host, { nodes }) => {
    const log = earlyAckLogClient(host, nodes[0]!);
    return {
      invoke: async (operation) => {
        if (operation.f === "append") {
          return (await log.append(String(operation.value))) ? { type: "ok" } : { type: "info", error: "no answer" };
        }
        const items = await log.read();
        return items === null ? { type: "fail", error: "no answer" } : { type: "ok", value: items };
      },
    };
  },
  operations: (random, { clients }) => {
    const operations: PlannedOperation[] = [];
    for (let i = 0; i < 200; i++) {
      operations.push({
        process: random.below(clients.length),
        afterUs: random.between(1_000, 30_000),
        f: "append",
        value: `e${i}`,
      });
    }
    return operations;
  },
  finalOperations: () => [{ process: 0, afterUs: 1_000, f: "read", value: null }],
  checks: [{ name: "acknowledged-entries-kept", check: ({ history }) => acknowledgedKept(history) }],
  floors: { operationsMin: 10 },
});

/** Every acknowledged entry is in the final read. */
function acknowledgedKept(history: readonly HistoryEvent[]): Verdict {
  const reads = history.filter(({ f, type }) => f === "read" && type === "ok");
  const last = reads.at(-1);
  if (last === undefined || !Array.isArray(last.value)) {
    return unknownVerdict("acknowledged-entries-kept", history.length, "there was no final read");
  }
  const kept = new Set(last.value);
  const lost = history.filter(({ f, type, value }) => f === "append" && type === "ok" && !kept.has(value));
  if (lost.length === 0) return validVerdict("acknowledged-entries-kept", history.length);
  const lines = lost
    .slice(0, 5)
    .map(({ value, timeUs }) => `entry ${JSON.stringify(value)} was acknowledged at ${(timeUs / 1000).toFixed(3)} ms`);
  return invalidVerdict("acknowledged-entries-kept", history.length, [
    `${lost.length} acknowledged entries are not in the final read:`,
    ...lines,
  ]);
}
