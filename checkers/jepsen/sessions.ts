/**
 * Session guarantees (Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994) and monotonic
 * reads in real time.
 *
 * Operations are reads and writes of one key (read/get, write/put/append), or transactions of ["r" | "w" | "append", key,
 * value]. Versions of a key must be comparable: numbers that rise with every write, or lists that are appended to (then
 * the longest read gives the order). A session is a process. What a session must see is kept as a floor for each key:
 *   read-your-writes      its own writes;
 *   monotonic-reads       what it has read;
 *   monotonic-writes      of a write that it has seen: what its writer wrote before it;
 *   writes-follow-reads   of a write that it has seen: what its writer had read before it.
 * With lists a read has seen every element; with numbers it has seen the write of that number alone.
 */
import { demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Access, type AccessHistory, collectAccesses } from "./accesses.ts";
import { type Call, conclude, nameCall, onCalls, type Violation } from "./support.ts";

export type Guarantee = "read-your-writes" | "monotonic-reads" | "monotonic-writes" | "writes-follow-reads";

const SUMMARIES: Readonly<Record<Guarantee, string>> = {
  "read-your-writes": "a session sees its own writes",
  "monotonic-reads": "a session never sees an older version of a key than before",
  "monotonic-writes": "whoever sees a write of a session sees the writes it made before",
  "writes-follow-reads": "whoever sees a write of a session sees what the session had read before it",
};

export const GUARANTEES: readonly Guarantee[] = Object.keys(SUMMARIES) as Guarantee[];

/** What a session must see of a key, and why. */
type Floor = { readonly version: number; readonly because: Access };
type Floors = Map<string, Floor>;

export const sessionCheckers: readonly NamedChecker[] = [
  ...GUARANTEES.map((guarantee) => sessionChecker(guarantee, SUMMARIES[guarantee], [guarantee])),
  sessionChecker("session", "all four session guarantees", GUARANTEES),
];

function sessionChecker(name: string, summary: string, guarantees: readonly Guarantee[]): NamedChecker {
  return {
    name,
    summary,
    options: {},
    check(history, options) {
      demandKnownOptions(options, {});
      return onCalls(name, history, (calls) => checkSessions(name, calls, guarantees));
    },
  };
}

function checkSessions(checker: string, calls: readonly Call[], guarantees: readonly Guarantee[]): Verdict {
  const history = collectAccesses(calls);
  const violations: Violation[] = [];
  for (const guarantee of guarantees) violations.push(...findViolations(history, guarantee));
  const reads = history.accesses.filter((access) => !access.isWrite).length;
  const unknown = reads === 0 ? "no read completed" : undefined;
  const details = { reads, guarantees: [...guarantees] };
  return conclude({ checker, property: checker, calls, violations, unknown, details });
}

function findViolations(history: AccessHistory, guarantee: Guarantee): readonly Violation[] {
  const violations: Violation[] = [];
  const carried = carriedByWrites(history, guarantee);
  const floorsOf = new Map<number, Floors>();
  for (const access of history.accesses) {
    const floors = floorsOf.get(access.call.invoke.process) ?? new Map<string, Floor>();
    floorsOf.set(access.call.invoke.process, floors);
    if (access.isWrite) {
      if (guarantee === "read-your-writes" && access.call.outcome === "ok") raise(floors, access);
      continue;
    }
    const floor = floors.get(access.key);
    if (floor !== undefined && access.version < floor.version) violations.push(tell(guarantee, access, floor));
    if (guarantee === "monotonic-reads") raise(floors, access);
    for (const write of history.seenBy(access)) {
      for (const [key, required] of carried.get(write) ?? []) {
        if (required.version > (floors.get(key)?.version ?? Number.NEGATIVE_INFINITY)) floors.set(key, required);
      }
    }
  }
  return violations;
}

function raise(floors: Floors, access: Access): void {
  if (access.version > (floors.get(access.key)?.version ?? Number.NEGATIVE_INFINITY)) {
    floors.set(access.key, { version: access.version, because: access });
  }
}

/** For each write: what its session had written, or read, before it. */
function carriedByWrites(history: AccessHistory, guarantee: Guarantee): ReadonlyMap<Access, Floors> {
  const carried = new Map<Access, Floors>();
  if (guarantee !== "monotonic-writes" && guarantee !== "writes-follow-reads") return carried;
  const past = new Map<number, Floors>();
  for (const access of history.accesses) {
    const floors = past.get(access.call.invoke.process) ?? new Map<string, Floor>();
    past.set(access.call.invoke.process, floors);
    if (access.isWrite) carried.set(access, new Map(floors));
    const isCarried = access.isWrite === (guarantee === "monotonic-writes");
    if (isCarried && access.call.outcome === "ok") raise(floors, access);
  }
  return carried;
}

function tell(guarantee: Guarantee, read: Access, { version, because }: Floor): Violation {
  const did = because.isWrite ? "wrote" : "read";
  const sentence = `${guarantee}: ${nameCall(read.call)} saw version ${read.version} of key ${read.key}, but had to see version ${version}, which ${nameCall(because.call)} ${did}.`;
  return { sentence, calls: [because.call, read.call] };
}

export const monotonic: NamedChecker = {
  name: "monotonic",
  summary: "a value that only rises: no read returns less than one that had completed before it began",
  options: {},
  check(history, options) {
    demandKnownOptions(options, {});
    return onCalls("monotonic", history, checkMonotonic);
  },
};

function checkMonotonic(calls: readonly Call[]): Verdict {
  const { accesses } = collectAccesses(calls);
  const reads = accesses.filter((access) => !access.isWrite);
  // Completions raise the floor of their key; a read is compared with the floor at its invocation.
  const events = reads.flatMap((access) => [
    { index: access.call.invoke.index, access, isStart: true },
    { index: access.call.completion!.index, access, isStart: false },
  ]);
  events.sort((left, right) => left.index - right.index);
  const floors: Floors = new Map();
  const violations: Violation[] = [];
  for (const { access, isStart } of events) {
    const floor = floors.get(access.key);
    if (!isStart) raise(floors, access);
    else if (floor !== undefined && access.version < floor.version) {
      const sentence = `${nameCall(access.call)} saw version ${access.version} of key ${access.key}, though ${nameCall(floor.because.call)} had seen ${floor.version} and completed before it began.`;
      violations.push({ sentence, calls: [floor.because.call, access.call] });
    }
  }
  const unknown = reads.length === 0 ? "no read completed" : undefined;
  return conclude({
    checker: "monotonic",
    property: "monotonic reads",
    calls,
    violations,
    unknown,
    details: { reads: reads.length },
  });
}
