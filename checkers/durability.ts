/**
 * Durability of acknowledged writes: what is in the store at the end must not have lost what clients were told is there.
 *
 * A pure function of a history and of the final contents (read by a client after healing, or taken from what is durable on disk).
 * The last write of a key can only be one that no acknowledged write follows entirely, in real time; a write that
 * nobody answered may have happened at any later time, or never. So the final value must be what one of those writes left,
 * or the initial value when no write of the key was acknowledged. This is necessary for linearizability and looks at no
 * reads: a store may pass here and still be inconsistent, but what fails here has lost an acknowledged write (or made
 * one up). Keys are independent. Writes are put, write, delete and cas; a cas that compared unequal writes nothing.
 */
import { type Operation, type PlainJson, show } from "./history.ts";
import { casArgument, isRead, isWrite, writtenBy } from "./models/register.ts";
import { compareText, isSameValue } from "./values.ts";
import type { Evidence, Verdict } from "./verdict.ts";

export type FinalContents = {
  /** The value of each key at the end; a key that is not here holds nothing (null). */
  readonly values: ReadonlyMap<string, PlainJson>;
  /** What every key held before the first write; null unless given. */
  readonly init?: PlainJson;
};

type Write = { readonly operation: Operation; readonly value: PlainJson };

const LOST_SHOWN_MAX = 8;

/** Operations with a function that is no read and no write make the verdict unknown, as does a history without any write. */
export function checkDurability(operations: readonly Operation[], contents: FinalContents): Verdict {
  const byKey = new Map<string, Write[]>();
  let writes = 0;
  for (const operation of operations) {
    if (isRead(operation)) continue;
    if (!isWrite(operation) && operation.f !== "cas") {
      return unknown(operations.length, `${show(operation.f)} is neither a read nor a write of one key`);
    }
    const value = valueLeft(operation);
    if (value === undefined) continue;
    writes += 1;
    const key = operation.key ?? "";
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [{ operation, value }]);
    else others.push({ operation, value });
  }
  if (writes === 0) return unknown(operations.length, "no operation wrote anything");
  const keys = new Set([...byKey.keys(), ...contents.values.keys()]);
  for (const key of [...keys].sort(compareText)) {
    const final = contents.values.get(key) ?? null;
    const evidence = judgeKey(key, byKey.get(key) ?? [], final, contents.init ?? null);
    if (evidence !== undefined) {
      return { kind: "invalid", checker: "durability", operations: operations.length, evidence };
    }
  }
  return { kind: "valid", checker: "durability", operations: operations.length };
}

/** What the operation leaves in its key, if it takes effect; undefined when it writes nothing. */
function valueLeft(operation: Operation): PlainJson | undefined {
  if (isWrite(operation)) return writtenBy(operation);
  if (!operation.isPending && operation.output === false) return undefined;
  return casArgument(operation)[1];
}

function judgeKey(key: string, writes: readonly Write[], final: PlainJson, init: PlainJson): Evidence | undefined {
  // A write that returned before this call is followed by an acknowledged one.
  let latestAckedCall = Number.NEGATIVE_INFINITY;
  for (const { operation } of writes) {
    if (!operation.isPending && operation.call > latestAckedCall) latestAckedCall = operation.call;
  }
  const possible = writes.filter(({ operation }) => operation.return >= latestAckedCall);
  const isUnwritten = latestAckedCall === Number.NEGATIVE_INFINITY;
  if (isUnwritten && isSameValue(final, init)) return undefined;
  if (possible.some(({ value }) => isSameValue(value, final))) return undefined;
  return explainLoss(key, writes, possible, final);
}

function explainLoss(key: string, writes: readonly Write[], possible: readonly Write[], final: PlainJson): Evidence {
  const acked = possible.filter(({ operation }) => !operation.isPending);
  const source = writes.filter(({ value }) => isSameValue(value, final));
  const lines = [
    `key ${show(key)} holds ${show(final)} at the end, which loses ${acked.length === 1 ? "an acknowledged write" : "acknowledged writes"}`,
    ...acked
      .slice(0, LOST_SHOWN_MAX)
      .map((write) => `${tell(write)} was acknowledged at event ${write.operation.return}`),
    source.length === 0
      ? `nobody ever wrote ${show(final)}`
      : `${show(final)} was written only by what had returned before: ${source.slice(-3).map(tell).join(", ")}`,
  ];
  const proof = [...acked, ...source].map(({ operation }) => operation);
  proof.sort((left, right) => left.call - right.call);
  return { property: "durability", lines, proof, details: { key, final } };
}

function tell(write: Write): string {
  const { operation, value } = write;
  return `${operation.f} of ${show(value)} (operation ${operation.id}, process ${operation.process})`;
}

function unknown(operations: number, reason: string): Verdict {
  const progress = { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 };
  return { kind: "unknown", checker: "durability", operations, reason, progress };
}
