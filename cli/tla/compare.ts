/**
 * Our result beside TLC's. Where both explored everything, counts and depth must be equal; where a violation ended the search,
 * the kind of violation and the length of the counterexample must be (counts then depend on when each stopped).
 */
import type { ChalkInstance } from "chalk";
import { grouped, table } from "../../report/style.ts";
import type { ViolationKind } from "../../tla/index.ts";
import type { Told } from "./protocol.ts";
import type { Reported } from "./report.ts";
import type { TlcResult } from "./tlc.ts";

export type Comparison = {
  /** Null: cannot be told, for the reasons among the differences. */
  readonly agrees: boolean | null;
  readonly differences: readonly string[];
};

const KINDS: { readonly [kind in ViolationKind]: string } = {
  assumption: "assumption",
  invariant: "safety",
  step: "safety",
  initial: "safety",
  postcondition: "safety",
  deadlock: "deadlock",
  liveness: "liveness",
  evaluation: "evaluation",
};

export function compareWithTlc(told: Told, tlc: TlcResult): Comparison {
  if (tlc.verdict === "unknown") return { agrees: null, differences: [`TLC gave no verdict: ${tlc.said}`] };
  const first = told.violations[0];
  const ours = first === undefined ? "held" : KINDS[first.kind];
  const theirs = tlc.violation ?? "held";
  const differences: string[] = [];
  if (ours !== theirs) differences.push(`the engine says ${ours}, TLC says ${theirs}`);
  else if (first === undefined) {
    for (const name of ["total", "distinct", "depth"] as const) {
      if (tlc[name] !== null && tlc[name] !== told[name])
        differences.push(`${name}: the engine has ${told[name]}, TLC has ${tlc[name]}`);
    }
    if (tlc.total === null) return { agrees: null, differences: ["TLC printed no counts"] };
  } else if (ours === "safety" && tlc.states !== null && first.states !== tlc.states) {
    differences.push(`the counterexample has ${first.states} states, TLC's has ${tlc.states}`);
  }
  return { agrees: differences.length === 0, differences };
}

export function differenceLines(
  { files, told, wallMs }: Reported,
  tlc: TlcResult,
  { agrees, differences }: Comparison,
  style: ChalkInstance,
): string[] {
  const count = (value: number | null): string => (value === null ? "-" : grouped(value));
  const row = (name: string, result: Told | TlcResult, kind: string, ms: number): string[] => [
    name,
    kind,
    count(result.total),
    count(result.distinct),
    count(result.depth),
    `${(ms / 1000).toFixed(1)} s`,
  ];
  const first = told.violations[0];
  const lines = table([
    ["", "verdict", "generated", "distinct", "depth", "time"],
    row("engine", told, first === undefined ? told.verdict : KINDS[first.kind], wallMs),
    row("TLC", tlc, tlc.violation ?? tlc.verdict, tlc.wallMs),
  ]);
  const word =
    agrees === null ? style.yellow.bold("unknown") : agrees ? style.green.bold("agrees") : style.red.bold("differs");
  lines.push(`${word}  ${files.specFile}  (${files.configFile})`);
  for (const difference of differences) lines.push(`    ${difference}`);
  return lines;
}
