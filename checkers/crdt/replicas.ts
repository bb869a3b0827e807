/**
 * Checks what replicas of one CRDT showed, against the specification of its type.
 *
 * - Strong eventual consistency: whoever holds the same updates shows the same, at any moment and whatever the order of arrival
 *   (Shapiro et al. 2011, "Conflict-free replicated data types").
 * - The specification: what is shown follows from the updates held and from what each had seen, so nothing is lost, nothing
 *   comes back and nothing is made up (Burckhardt et al. 2014, "Replicated data types: specification, verification,
 *   optimality"). Contents that lack something which one of their updates had seen are not judged: types may show a remove
 *   before the update it means. Replicas that have converged hold no such contents unless the update was lost.
 *
 * Linear in reads times updates. Says nothing about what a replica should hold: see durability.ts.
 */
import type { Evidence, Verdict } from "../verdict.ts";
import { keyOfContents, sizeOfContents } from "./contents.ts";
import { type CrdtSpec, type ReadRecord, type ReplicaHistory, UpdateIndex } from "./record.ts";

/** A history without a single read that could be judged gives unknown. */
export function checkReplicas(history: ReplicaHistory, spec: CrdtSpec): Verdict {
  const operations = history.updates.length + history.reads.length;
  const invalid = (property: string, lines: readonly string[]): Verdict => {
    const evidence: Evidence = { property, lines, proof: [] };
    return { kind: "invalid", checker: spec.name, operations, evidence };
  };
  const differing = findDifference(history.reads);
  if (differing !== null) return invalid("strong eventual consistency", differing);
  const index = new UpdateIndex(history.updates);
  const contradiction = spec.judgeUpdates?.(index) ?? spec.judgeReads?.(history, index) ?? null;
  if (contradiction !== null) return invalid(`specification of ${spec.name}`, [contradiction]);
  let judged = 0;
  for (const read of history.reads) {
    const { known, unknown } = index.within(read.holds);
    if (!index.isClosed(read.holds)) continue;
    judged += 1;
    const wrong = spec.judge({ updates: known, unanswered: unknown > 0 ? history.unanswered : [] }, read.value);
    if (wrong !== null) return invalid(`specification of ${spec.name}`, tell(read, wrong));
  }
  if (judged === 0) return nothingJudged(spec, operations);
  return { kind: "valid", checker: spec.name, operations, details: { judged, reads: history.reads.length } };
}

function nothingJudged(spec: CrdtSpec, operations: number): Verdict {
  const reason = "no read held everything that its updates had seen";
  const progress = { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 };
  return { kind: "unknown", checker: spec.name, operations, reason, progress };
}

function tell(read: ReadRecord, wrong: string): string[] {
  return [
    `${read.replica} at ${(read.timeUs / 1000).toFixed(3)} ms ${wrong}.`,
    `It held ${sizeOfContents(read.holds)} updates: ${keyOfContents(read.holds)}`,
  ];
}

/** Two reads of the same contents that differ, in what they show or in their states. */
function findDifference(reads: readonly ReadRecord[]): string[] | null {
  const values = new Map<string, ReadRecord>();
  const states = new Map<string, ReadRecord>();
  for (const read of reads) {
    const key = keyOfContents(read.holds);
    const other = values.get(key) ?? read;
    values.set(key, other);
    const [mine, theirs] = [JSON.stringify(read.value), JSON.stringify(other.value)];
    if (mine !== theirs) return differ(other, read, `showed ${cut(theirs)} and ${cut(mine)}`);
    if (read.state === null) continue;
    const stateKey = `${key} | ${read.trimmed}`;
    const twin = states.get(stateKey) ?? read;
    states.set(stateKey, twin);
    if (twin.state !== read.state) return differ(twin, read, `had states ${twin.state} and ${read.state}`);
  }
  return null;
}

function differ(first: ReadRecord, second: ReadRecord, what: string): string[] {
  const at = ({ replica, timeUs }: ReadRecord): string => `${replica} at ${(timeUs / 1000).toFixed(3)} ms`;
  const held = keyOfContents(first.holds);
  return [`${at(first)} and ${at(second)} held the same updates and ${what}.`, `They held ${held}`];
}

function cut(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
