import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import { readHistory } from "../formats/read-history.ts";
import type { CheckerOptions } from "../named-checker.ts";
import { jepsenCheckers } from "./registry.ts";

type Case = readonly [file: string, model: string, options: CheckerOptions, kind: string];

/** Models, options and verdicts as elle-cli's tests have them. */
const SMALL: readonly Case[] = [
  ["custom/comments.edn", "comments", {}, "invalid"],
  ["jepsen/long-fork.edn", "long-fork", { "group-size": 3 }, "invalid"],
  ["jepsen/bank-neg.edn", "bank", {}, "valid"],
  ["jepsen/bank-negative-balances.json", "bank", {}, "invalid"],
  ["jepsen/bank-negative-balances.json", "bank", { "negative-balances": true }, "valid"],
  ["jepsen/set.edn", "final-set", {}, "valid"],
  ["jepsen/set.edn", "set-full", {}, "valid"],
];

const LARGE: readonly Case[] = [
  ["jepsen/bank.edn", "bank", {}, "valid"],
  ["jepsen/bank.json", "bank", {}, "valid"],
  ["jepsen/bank-tidb.edn", "bank", {}, "invalid"],
  ["jepsen/counter.edn", "counter-bounds", {}, "valid"],
  ["jepsen/counter.json", "counter-bounds", {}, "valid"],
  // The adds carry [key, element] pairs and the read bare elements, so every element counts as lost.
  ["jepsen/set_full.edn", "set-full", {}, "invalid"],
  ["jepsen/set_full.json", "set-full", {}, "invalid"],
];

function judge(url: URL, model: string, options: CheckerOptions): string {
  const { events } = readHistory([readFileSync(url, "utf8")]);
  return jepsenCheckers.get(model)!.check(events, options, DEFAULT_BUDGET).kind;
}

describe("elle-cli's histories", () => {
  for (const [file, model, options, kind] of SMALL) {
    it(`${file} as ${model} ${JSON.stringify(options)} is ${kind}`, () => {
      expect(judge(new URL(`fixtures/${file.split("/")[1]}`, import.meta.url), model, options)).toBe(kind);
    });
  }
  const root = process.env["SEEDBED_HISTORIES"];
  for (const [file, model, options, kind] of root !== undefined && existsSync(root) ? LARGE : []) {
    it(`${file} as ${model} is ${kind}`, () => {
      expect(judge(new URL(`file://${root}/elle-cli/${file}`), model, options)).toBe(kind);
    });
  }
});
