import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkHistory } from "./check.ts";
import { readHistory } from "./formats/read-history.ts";
import { GENERATED_ROWS, type HistoryRow, KNOSSOS_ROWS, PORCUPINE_ROWS } from "./histories-table.test.help.ts";
import { operationsOf } from "./formats/read-history.ts";
import { findFault } from "./linearizability-witness.ts";
import { Meter } from "./budget.ts";
import { casRegisterModel } from "./models/register.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));
const RECORDED = process.env["SEEDBED_HISTORIES"];

function expectVerdict(folder: string, row: HistoryRow): void {
  const history = readHistory([readFileSync(`${folder}/${row.file}`, "utf8")]);
  expect(history.format).toBe(row.format);
  const verdict = checkHistory(history, { model: row.model, options: row.options, isShrinking: false });
  expect(`${row.file} ${verdict.kind}`).toBe(`${row.file} ${row.verdict}`);
}

describe("recorded histories", () => {
  it("porcupine's etcd logs and key-value files get their published verdicts", () => {
    expect(PORCUPINE_ROWS.length).toBe(108);
    for (const row of PORCUPINE_ROWS) expectVerdict(FIXTURES, row);
  });

  it("the verdict valid of an etcd log carries an order that is legal by the definition", () => {
    const valid = PORCUPINE_ROWS.filter(({ format, verdict }) => format === "jepsen-log" && verdict === "valid");
    for (const row of valid) {
      const history = readHistory([readFileSync(`${FIXTURES}/${row.file}`, "utf8")]);
      const operations = operationsOf(history);
      const verdict = checkHistory(history);
      const order = (verdict.kind === "valid" ? (verdict.linearization ?? []) : []).map((id) => operations[id]!);
      const meter = new Meter({ stepsMax: 1e6, bytesMax: 1e6 });
      expect(findFault(order, operations, casRegisterModel(), meter)).toBeUndefined();
    }
  });

  it("the table lists every file of the collection once", () => {
    const rows = [...PORCUPINE_ROWS, ...KNOSSOS_ROWS, ...GENERATED_ROWS];
    expect(new Set(rows.map(({ file }) => file)).size).toBe(rows.length);
    expect([KNOSSOS_ROWS.length, GENERATED_ROWS.length]).toEqual([124, 102]);
    if (RECORDED === undefined) return;
    expect(rows.filter(({ file }) => !existsSync(`${RECORDED}/${file}`))).toEqual([]);
  });

  it("Knossos' and the generated histories get their published verdicts, where they are at hand", () => {
    if (RECORDED === undefined) return;
    for (const row of [...KNOSSOS_ROWS, ...GENERATED_ROWS]) expectVerdict(RECORDED, row);
  });
});
