import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import { readHistory } from "../formats/read-history.ts";
import type { CheckerOptions } from "../named-checker.ts";
import { transactionCheckers } from "./registry.ts";

type Case = {
  readonly file: string;
  readonly model: string;
  readonly options?: CheckerOptions;
  /** Anomaly types; empty: valid. */
  readonly types: readonly string[];
  readonly not?: readonly string[];
};

const CASES: readonly Case[] = [
  {
    file: "paper-example.edn",
    model: "list-append",
    types: ["G-single-item"],
    not: ["consistent-view", "repeatable-read"],
  },
  {
    file: "si-without-g-single.edn",
    model: "list-append",
    options: { "consistency-models": "snapshot-isolation,repeatable-read" },
    types: ["G2-item"],
    not: ["repeatable-read"],
  },
  {
    file: "cyclic-versions.edn",
    model: "rw-register",
    options: {
      "consistency-models": "strong-snapshot-isolation",
      "linearizable-keys": true,
      "initial-values": "fragment",
    },
    types: [],
  },
  {
    file: "elle-cli/paper-example.json",
    model: "list-append",
    types: ["G-single-item"],
    not: ["consistent-view", "repeatable-read"],
  },
  {
    file: "elle-cli/list-append-gh-30.edn",
    model: "list-append",
    options: { "consistency-models": "serializable" },
    types: ["G2-item"],
    not: ["repeatable-read"],
  },
  // Published as valid. One process writes 2, reads 3, which no transaction wrote, and then 2: if 3 is the value from before, it is stale.
  ...["elle-cli/rw-register.edn", "elle-cli/rw-register.json"].flatMap((file): Case[] => [
    { file, model: "rw-register", types: ["no-snapshot-order-process"], not: ["strong-session-snapshot-isolation"] },
    { file, model: "rw-register", options: { "consistency-models": "serializable" }, types: [] },
  ]),
];

function expectCase(url: URL, { model, options, types, not }: Case): void {
  const { events } = readHistory([readFileSync(url, "utf8")]);
  const verdict = transactionCheckers.get(model)!.check(events, options ?? {}, DEFAULT_BUDGET);
  expect(verdict.kind).toBe(types.length === 0 ? "valid" : "invalid");
  if (verdict.kind !== "invalid") return;
  const details = verdict.evidence.details as { "anomaly-types": string[]; not: string[] };
  expect(details["anomaly-types"]).toEqual(types);
  expect(details.not).toEqual(not);
}

describe("recorded histories of transactions", () => {
  for (const example of CASES) {
    it(`${example.file}: ${example.types.length === 0 ? "valid" : example.types.join(", ")}`, () => {
      expectCase(new URL(`fixtures/${example.file}`, import.meta.url), example);
    });
  }
  const root = process.env["SEEDBED_HISTORIES"];
  if (root !== undefined) {
    it("elle/huge-scc.edn: one component of 1161 transactions, and its cycle is found", () => {
      const types = ["G-single-item-realtime"];
      const not = ["strong-snapshot-isolation"];
      expectCase(new URL(`file://${root}/elle/huge-scc.edn`), { file: "", model: "list-append", types, not });
    });
  }

  it("the paper's example is told in sentences", () => {
    const url = new URL("fixtures/elle-cli/paper-example.json", import.meta.url);
    const verdict = transactionCheckers
      .get("list-append")!
      .check(readHistory([readFileSync(url, "utf8")]).events, {}, DEFAULT_BUDGET);
    if (verdict.kind !== "invalid") throw new Error("expected an invalid history");
    expect(verdict.evidence.lines).toMatchInlineSnapshot(`
      [
        "Ruled out: consistent-view, repeatable-read, and what is stronger.",
        "G-single-item: a cycle of 3 transactions.",
        "T1 is event 7 of process 1: append 250 10, read 253 [1,3,4], read 255 [2,3,4,5], append 256 3.",
        "T2 is event 3 of process 1: append 255 8, read 253 [1,3,4].",
        "T3 is event 5 of process 1: append 256 4, read 255 [2,3,4,5,8], read 256 [1,2,4], read 253 [1,3,4].",
        "T1 < T2, because T1 read key 255 up to 5 and did not see 8, which T2 appended next.",
        "T2 < T3, because T3 read 8 in key 255, which T2 appended.",
        "However, T3 < T1, because T3 appended 4 to key 256 and T1 appended 3 after it: a contradiction.",
      ]
    `);
    expect(verdict.evidence.proof.map((operation) => operation.return)).toEqual([3, 5, 7]);
  });
});
