import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkHistory } from "./check.ts";
import { readHistory } from "./formats/read-history.ts";
import {
  AWDIT_ROWS,
  GENERATED_ROWS,
  type HistoryRow,
  JEPSEN_ROWS,
  KNOSSOS_ROWS,
  PORCUPINE_ROWS,
} from "./histories-table.test.help.ts";
import { operationsOf } from "./formats/read-history.ts";
import { findFault } from "./linearizability-witness.ts";
import { Meter } from "./budget.ts";
import { casRegisterModel } from "./models/register.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));
const RECORDED = process.env["SEEDBED_HISTORIES"];

function verdictOf(folder: string, row: HistoryRow): string {
  const history = readHistory([readFileSync(`${folder}/${row.file}`, "utf8")]);
  expect(history.format).toBe(row.format);
  return checkHistory(history, { model: row.model, options: row.options, isShrinking: false }).kind;
}

function expectVerdict(folder: string, row: HistoryRow): void {
  expect(`${row.file} ${verdictOf(folder, row)}`).toBe(`${row.file} ${row.verdict}`);
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

  const elsewhere = [...KNOSSOS_ROWS, ...GENERATED_ROWS, ...JEPSEN_ROWS, ...AWDIT_ROWS];

  it("the table lists every file of the collection, each with a model once", () => {
    const rows = [...PORCUPINE_ROWS, ...elsewhere];
    expect(new Set(rows.map(({ file, model }) => `${file} ${model}`)).size).toBe(rows.length);
    const files = new Set(rows.map(({ file }) => file));
    expect([KNOSSOS_ROWS.length, GENERATED_ROWS.length, AWDIT_ROWS.length]).toEqual([124, 102, 3 * 22]);
    // What is left of the 378 files holds cases in a notation of their own (elle-cases.json).
    expect(files.size).toBe(377);
    if (RECORDED === undefined) return;
    expect([...files].filter((file) => !existsSync(`${RECORDED}/${file}`))).toEqual([]);
  });

  it("the histories that are not shipped get their published verdicts, where they are at hand", () => {
    if (RECORDED === undefined) return;
    const verdicts = elsewhere.map((row) => `${row.file} ${row.model} ${verdictOf(RECORDED, row)}`);
    expect(verdicts).toEqual(elsewhere.map((row) => `${row.file} ${row.model} ${row.verdict}`));
  }, 300_000);
});
