import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { HistoryEvent, PlainJson } from "../history.ts";
import { readAwdit, readAwditEvents } from "./awdit-format.ts";
import { checkIsolation, ISOLATION_LEVELS, type IsolationLevel } from "./isolation.ts";
import { buildRecords } from "./records-builder.ts";
import { transactionCheckers } from "./registry.ts";

/** The folder of a file is the strongest level that holds. */
const STRONGEST: Readonly<Record<string, number>> = { none: 0, "read-committed": 1, "read-atomic": 2, causal: 3 };

function filesBelow(root: URL): readonly URL[] {
  const files: URL[] = [];
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isDirectory()) files.push(...filesBelow(new URL(`${entry.name}/`, root)));
    else files.push(new URL(entry.name, root));
  }
  return files;
}

function expectLevels(file: URL, strongest: number): void {
  const records = readAwdit([readFileSync(file, "utf8")]);
  const holds = ISOLATION_LEVELS.map((level) => checkIsolation(records, level, DEFAULT_BUDGET).holds);
  expect(holds).toEqual(ISOLATION_LEVELS.map((_, i) => i < strongest));
}

describe("AWDIT's own histories", () => {
  const given = process.env["SEEDBED_HISTORIES"];
  const root =
    given === undefined ? new URL("fixtures/awdit/", import.meta.url) : new URL(`file://${given}/awdit/tests/`);
  for (const [folder, strongest] of Object.entries(STRONGEST)) {
    for (const file of filesBelow(new URL(`${folder}/`, root))) {
      it(`${file.pathname.slice(root.pathname.length)}: ${strongest} of three levels hold`, () =>
        expectLevels(file, strongest));
    }
  }
});

function judge(text: string, level: IsolationLevel): string {
  return transactionCheckers.get(level)!.check([...readAwditEvents([text])], {}, DEFAULT_BUDGET).kind;
}

describe("each level rejects a history and passes its look-alike", () => {
  const cases: readonly [string, IsolationLevel, string, string][] = [
    [
      "reading back in time",
      "read-committed",
      "w 0 1\nw 1 1\n---\nw 0 2\nw 1 2\n===\nr 0 2\nr 1 1",
      "w 0 1\nw 1 1\n---\nw 0 2\nw 1 2\n===\nr 0 1\nr 1 2",
    ],
    [
      "half a transaction",
      "read-atomic",
      "w 0 1\nw 1 1\n---\nw 0 2\nw 1 2\n===\nr 0 1\nr 1 2",
      "w 0 1\nw 1 1\n---\nw 0 2\nw 1 2\n===\nr 0 2\nr 1 2",
    ],
    [
      "an effect without its cause",
      "causal-consistency",
      "w 0 1\n---\nw 0 2\n===\nr 0 2\nw 1 1\n===\nr 1 1\nr 0 1",
      "w 0 1\n---\nw 0 2\n===\nr 0 2\nw 1 1\n===\nr 1 1\nr 0 2",
    ],
  ];
  for (const [name, level, bad, good] of cases) {
    it(`${level}: ${name}`, () => {
      expect(judge(bad, level)).toBe("invalid");
      expect(judge(good, level)).toBe("valid");
    });
  }

  it("no level allows aborted, intermediate, unwritten, own past or own future values", () => {
    const aborted: HistoryEvent[] = [event(0, 0, "fail", [["w", 0, 1]]), event(1, 1, "ok", [["r", 0, 1]])];
    for (const level of ISOLATION_LEVELS) {
      expect(transactionCheckers.get(level)!.check(aborted, {}, DEFAULT_BUDGET).kind).toBe("invalid");
      expect(judge("w 0 1\nw 0 2\n===\nr 0 1", level)).toBe("invalid");
      expect(judge("r 0 1\n===\nr 0 2", level)).toBe("invalid");
      expect(judge("w 0 1\n===\nw 0 2\nr 0 1", level)).toBe("invalid");
      expect(judge("r 0 1\nw 0 1", level)).toBe("invalid");
      expect(judge("w 0 1\nr 0 1\nw 0 2\n===\nr 0 2", level)).toBe("valid");
    }
  });

  it("nothing completed, or the same value twice, is unknown", () => {
    expect(judge("", "read-atomic")).toBe("unknown");
    expect(judge("w 0 1\n===\nw 0 1", "read-atomic")).toBe("unknown");
  });

  it("a line that is no operation is named", () => {
    expect(() => readAwdit(["w 0 1\nw 0"])).toThrow(/line 2/);
  });
});

function event(index: number, session: number, type: "ok" | "fail", value: PlainJson): HistoryEvent {
  return { index, timeUs: -1, process: session, type, f: "txn", value };
}

/** All orders of the transactions, the slow and certain way: does one satisfy the axiom? (Biswas and Enea, figure 2.) */
function holdsByBruteForce(events: readonly HistoryEvent[], level: IsolationLevel): boolean {
  const rows = events.map((one) =>
    (one.value as [string, number, number | null][]).map(([f, key, value]) => ({ f, key, value })),
  );
  const writes = (row: number, key: number): boolean => rows[row]!.some((op) => op.f === "w" && op.key === key);
  const writerOf = (key: number, value: number | null): number =>
    rows.findIndex((ops) => ops.some((op) => op.f === "w" && op.key === key && op.value === value));
  const reads = rows.map((ops) =>
    ops.filter((op) => op.f === "r").map((op) => ({ key: op.key, from: writerOf(op.key, op.value) })),
  );
  const before = (a: number, b: number): boolean =>
    a !== b && ((events[a]!.process === events[b]!.process && a < b) || reads[b]!.some((read) => read.from === a));
  const reach = rows.map((_, a) => rows.map((__, b) => before(a, b)));
  for (let k = 0; k < rows.length; k += 1) {
    for (let i = 0; i < rows.length; i += 1) {
      for (let j = 0; j < rows.length; j += 1) if (reach[i]![k] && reach[k]![j]) reach[i]![j] = true;
    }
  }
  const isVisible = (t2: number, t3: number, at: number): boolean => {
    if (level === "causal-consistency") return reach[t2]![t3]!;
    if (level === "read-atomic") return before(t2, t3);
    return reads[t3]!.slice(0, at).some((read) => read.from === t2);
  };
  const fits = (order: readonly number[]): boolean => {
    const place = (row: number): number => (row < 0 ? -1 : order.indexOf(row));
    for (const a of order) for (const b of order) if (before(a, b) && place(a) > place(b)) return false;
    return rows.every((_, t3) =>
      reads[t3]!.every(({ key, from }, at) =>
        rows.every((__, t2) => t2 === from || !writes(t2, key) || !isVisible(t2, t3, at) || place(t2) < place(from)),
      ),
    );
  };
  const search = (order: readonly number[], rest: readonly number[]): boolean =>
    rest.length === 0
      ? fits(order)
      : rest.some((row) =>
          search(
            [...order, row],
            rest.filter((other) => other !== row),
          ),
        );
  return search(
    [],
    rows.map((_, row) => row),
  );
}

describe("saturation", () => {
  it("agrees with trying every commit order", () => {
    const operation = fc.record({ isWrite: fc.boolean(), key: fc.integer({ min: 0, max: 1 }), from: fc.nat(5) });
    const transaction = fc.record({
      session: fc.integer({ min: 0, max: 2 }),
      ops: fc.array(operation, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(transaction, { minLength: 2, maxLength: 5 }), (transactions) => {
        const events = toEvents(transactions);
        const records = buildRecords("rw-register", events);
        for (const level of ISOLATION_LEVELS) {
          expect(checkIsolation(records, level, DEFAULT_BUDGET).holds).toBe(holdsByBruteForce(events, level));
        }
      }),
      { numRuns: 200 },
    );
  });
});

type Drawn = {
  readonly session: number;
  readonly ops: readonly { readonly isWrite: boolean; readonly key: number; readonly from: number }[];
};

/** Each transaction writes a key at most once and reads only what others wrote, before it writes the key itself. */
function toEvents(transactions: readonly Drawn[]): HistoryEvent[] {
  const writers: number[][] = [[], []];
  for (const [row, { ops }] of transactions.entries()) {
    for (const key of [0, 1]) if (ops.some((op) => op.isWrite && op.key === key)) writers[key]!.push(row);
  }
  return transactions.map(({ session, ops }, row) => {
    const value: PlainJson[] = [];
    for (const { isWrite, key, from } of ops) {
      if (isWrite) {
        if (!value.some((op) => (op as PlainJson[])[0] === "w" && (op as PlainJson[])[1] === key))
          value.push(["w", key, row]);
        continue;
      }
      const others = writers[key]!.filter((other) => other !== row);
      const source = others.length === 0 ? null : others[from % others.length]!;
      if (!value.some((op) => (op as PlainJson[])[0] === "w" && (op as PlainJson[])[1] === key))
        value.push(["r", key, source]);
    }
    return event(row, session, "ok", value);
  });
}
