/** A lock that trusts the wall clock, under clock faults: two holders at once. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { wallClockLockClient, wallClockLockServer } from "../systems/lessons/wall-clock-lock.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import { type Outcome, type PlannedOperation, type Scenario, scenario } from "./scenario.ts";

export const lessonWallClockLock: Scenario = scenario({
  name: "lesson-wall-clock-lock",
  title: "wrong on purpose: a lock whose leases end by the wall clock",
  default: false,
  settings: {
    nodes: { kind: "choice", of: [1], about: "lock servers" },
    clients: { kind: "integer", min: 2, max: 4, about: "client processes" },
    chaosUs: { kind: "integer", min: 2_000_000, max: 4_000_000, about: "length of the chaos phase" },
  },
  faults: { kinds: ["clock-step", "clock-strobe", "clock-freeze", "clock-backward", "delay"], intensityPerMille: 6000 },
  node: () => wallClockLockServer(),
  client: (host, { nodes }) => {
    const lock = wallClockLockClient(host, nodes[0]!);
    return {
      invoke: async (operation): Promise<Outcome> => {
        const answer = operation.f === "acquire" ? await lock.acquire() : await lock.release();
        if (answer === null) return { type: "info", error: "no answer" };
        return answer === "granted" || answer === "released" ? { type: "ok" } : { type: "fail", error: answer };
      },
    };
  },
  operations: (random, { clients }) => {
    const operations: PlannedOperation[] = [];
    for (let i = 0; i < 150; i++) {
      const process = random.below(clients.length);
      operations.push({ process, afterUs: random.between(1_000, 60_000), f: "acquire", value: null });
      operations.push({ process, afterUs: random.between(20_000, 500_000), f: "release", value: null });
    }
    return operations;
  },
  checks: [{ name: "mutual-exclusion", check: ({ history }) => mutualExclusion(history) }],
  floors: { operationsMin: 4 },
});

type Hold = { readonly process: number; readonly from: HistoryEvent; readonly to: HistoryEvent };

/** Between the answer "granted" and the call of a release that the holder still believed in, nobody else may do the same. */
function mutualExclusion(history: readonly HistoryEvent[]): Verdict {
  const holds = certainHolds(history);
  holds.sort((x, y) => x.from.index - y.from.index);
  let latest: Hold | null = null;
  for (const hold of holds) {
    if (latest !== null && hold.from.index < latest.to.index) {
      const told = ({ process, from, to }: Hold): string =>
        `process ${process} held the lock from ${(from.timeUs / 1000).toFixed(3)} to ${(to.timeUs / 1000).toFixed(3)} ms`;
      return invalidVerdict("mutual-exclusion", history.length, [`${told(latest)},`, `and ${told(hold)}.`]);
    }
    if (latest === null || hold.to.index > latest.to.index) latest = hold;
  }
  return validVerdict("mutual-exclusion", history.length);
}

function certainHolds(history: readonly HistoryEvent[]): Hold[] {
  const granted = new Map<number, HistoryEvent>();
  const releasing = new Map<number, HistoryEvent>();
  const holds: Hold[] = [];
  for (const event of history) {
    const { process, f, type } = event;
    if (f === "acquire" && type === "ok") granted.set(process, event);
    if (f !== "release") continue;
    if (type === "invoke") releasing.set(process, event);
    else {
      const from = granted.get(process);
      // A release that nobody answered was still called by one who believed to hold the lock.
      if (from !== undefined && type !== "fail") holds.push({ process, from, to: releasing.get(process)! });
      granted.delete(process);
    }
  }
  return holds;
}
