import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HistoryEvent } from "../history.ts";
import type { Graph } from "./edges.ts";
import { buildRecords } from "./records-builder.ts";
import { indexRegisters } from "./register-index.ts";
import { orderVersions, type VersionOptions } from "./version-order.ts";

const NONE: VersionOptions = {
  wfrKeys: false,
  sequentialKeys: false,
  linearizableKeys: false,
  transactionOrder: new Map(),
};

/** Writes that overlap at random: process p is idle or busy, and each draw moves one process on. */
function overlapping(moves: readonly number[], keys: number): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const busy = new Map<number, HistoryEvent>();
  for (const process of moves) {
    const index = events.length;
    const before = busy.get(process);
    const value = before?.value ?? [["w", index % keys, index]];
    const event: HistoryEvent = {
      index,
      timeUs: -1,
      process,
      type: before === undefined ? "invoke" : "ok",
      f: "txn",
      value,
    };
    events.push(event);
    if (before === undefined) busy.set(process, event);
    else busy.delete(process);
  }
  return events;
}

function reaches(graph: Graph, from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const node of seen) {
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) seen.add(graph.targets[edge]!);
  }
  return from !== to && seen.has(to);
}

function expectOrder(
  events: readonly HistoryEvent[],
  options: Partial<VersionOptions>,
  mustPrecede: typeof isBefore,
): void {
  const records = buildRecords("rw-register", events);
  const graph = orderVersions(indexRegisters(records), { ...NONE, ...options }, new Map());
  for (let a = 0; a < records.opCount; a += 1) {
    for (let b = 0; b < records.opCount; b += 1) {
      const isOneKey = records.opKey[a] === records.opKey[b];
      expect(reaches(graph, a, b)).toBe(isOneKey && mustPrecede(records, records.opRow[a]!, records.opRow[b]!));
    }
  }
}

type Rows = ReturnType<typeof buildRecords>;

function isBefore(records: Rows, a: number, b: number): boolean {
  return records.completedAt[a]! >= 0 && records.completedAt[a]! < records.invokedAt[b]!;
}

describe("version orders", () => {
  const moves = fc.array(fc.nat(3), { maxLength: 40 });

  it("linearizable-keys: all of real time within a key, and nothing else", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 3 }), (drawn, keys) => {
        expectOrder(overlapping(drawn, keys), { linearizableKeys: true }, isBefore);
      }),
      { numRuns: 200 },
    );
  });

  it("sequential-keys: all of each process's order within a key, and nothing else", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 3 }), (drawn, keys) => {
        const isSame = (records: Rows, a: number, b: number): boolean =>
          records.process[a] === records.process[b] && isBefore(records, a, b);
        expectOrder(overlapping(drawn, keys), { sequentialKeys: true }, isSame);
      }),
      { numRuns: 100 },
    );
  });

  it("no promise: no order but that of the initial state", () => {
    expectOrder(overlapping([0, 0, 1, 1], 1), {}, () => false);
  });
});
