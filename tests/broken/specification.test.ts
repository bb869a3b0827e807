/**
 * Broken specifications and configurations: files that are right, with pieces dropped, doubled, exchanged or replaced. Each is
 * refused with its place (exit code 64), or checked, and then something was judged, and printing what was read changes nothing.
 *
 * BROKEN_CASES (default 100) in this process, BROKEN_PROCESSES (default 1) through the command; BROKEN_SEED for others.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  checkNames,
  type CheckResult,
  checkSpecification,
  describeError,
  isStackOverflow,
  TlaError,
} from "../../tla/index.ts";

const cases = Number(process.env["BROKEN_CASES"] ?? 100);
const processes = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const seed = Number(process.env["BROKEN_SEED"] ?? 20261130);
const root = fileURLToPath(new URL("../../", import.meta.url));

const specification = String.raw`---- MODULE M ----
EXTENDS Integers, Sequences, FiniteSets, TLC, SequencesExt
CONSTANTS N, Names
VARIABLES x, log, owner
vars == <<x, log, owner>>
RECURSIVE Sum(_)
Sum(s) == IF s = <<>> THEN 0 ELSE Head(s) + Sum(Tail(s))
f[n \in 0..3] == IF n = 0 THEN 1 ELSE n * f[n - 1]
Init == /\ x = 0
        /\ log = <<>>
        /\ owner = [n \in Names |-> "free"]
Step(n) == /\ owner[n] = "free"
           /\ x < N
           /\ x' = x + 1
           /\ log' = Append(log, x)
           /\ owner' = [owner EXCEPT ![n] = "held"]
Free == \E n \in Names : owner[n] = "held" /\ owner' = [owner EXCEPT ![n] = "free"] /\ UNCHANGED <<x, log>>
Next == (\E n \in Names : Step(n)) \/ Free
Spec == Init /\ [][Next]_vars /\ WF_vars(Free)
TypeOK == x \in 0..N /\ log \in Seq(0..N) /\ owner \in [Names -> {"free", "held"}]
Sums == LET total == Sum(log) IN total =< f[3] \/ ~(total > 9)
Short == Len(log) =< N /\ TLCGet("level") >= 1
Freed == []<>(\E n \in Names : owner[n] = "free")
Grows == [][x' >= x]_x
====
`;
const configuration = `CONSTANTS N = 2 Names = {a, b}
SPECIFICATION Spec
INVARIANTS TypeOK Sums Short
PROPERTIES Freed Grows
CHECK_DEADLOCK FALSE
`;

/** A text as pieces that can be moved about: words, symbols, strings and white space. */
function piecesOf(text: string): string[] {
  return text.match(/\s+|"[^"\n]*"|\w+|[/\\<>=[\]|:-]+\w*|./gsu) ?? [];
}

type Change = { readonly at: number; readonly to: number; readonly kind: number; readonly piece: string };
const strangePieces = [
  ..."( ) [ ] { } << >> /\\ \\/ == = ' ' ! @ _ , : :: .. \\in \\E \\A IF LET IN CHOOSE x y N Names Spec Next Init".split(
    " ",
  ),
  ..."VARIABLE CONSTANT RECURSIVE INSTANCE EXTENDS LOCAL ENABLED UNCHANGED [] <> ~> WF_x <- -1 0 7 99999999999999999999".split(
    " ",
  ),
  ..."SUBSET UNION DOMAIN \\X \\o SYMMETRY VIEW CONSTRAINT ALIAS POSTCONDITION INVARIANT TRUE FALSE ==== ---- (* *) \\*".split(
    " ",
  ),
  '"',
  '"free"',
  "\u0000",
  "\uFEFF",
  "\t",
  "\n",
  "é",
  "∧",
  "😀",
];
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  to: fc.nat(),
  kind: fc.nat({ max: 4 }),
  piece: fc.constantFrom(...strangePieces),
});

function changed(text: string, changes: readonly Change[]): string {
  const pieces = piecesOf(text);
  for (const { at, to, kind, piece } of changes) {
    const [i, j] = [at % pieces.length, to % pieces.length];
    if (kind === 0) pieces.splice(i, 1);
    else if (kind === 1) pieces.splice(i, 0, pieces[j]!);
    else if (kind === 2) [pieces[i], pieces[j]] = [pieces[j]!, pieces[i]!];
    else if (kind === 3) pieces[i] = piece;
    else pieces.splice(i, 0, piece);
    if (pieces.length === 0) pieces.push("");
  }
  return pieces.join("");
}

const files = fc.record({
  inSpec: fc.array(change, { maxLength: 3 }),
  inConfig: fc.array(change, { maxLength: 2 }),
});

type Outcome = { readonly refused: string } | { readonly result: CheckResult };

function check(spec: string, config: string): Outcome {
  const source = {
    load: (name: string) => (name === "M" ? spec : undefined),
    spec: "M",
    config,
    budget: { generatedMax: 2_000, depthMax: 30 },
  };
  try {
    checkNames(source);
    return { result: checkSpecification(source) };
  } catch (error) {
    if (error instanceof TlaError) return { refused: describeError(error) };
    if (isStackOverflow(error)) return { refused: "line 1, column 1 of module M: nested too deep" };
    throw error;
  }
}

/** What a result must be, whatever the input was. */
function judge({ verdict, total, violations, notChecked, stopped }: CheckResult, spec: string): void {
  for (const { message, kind, span } of violations) {
    expect(message).not.toMatch(/undefined|\[object|NaN/);
    if (kind === "evaluation") expect(span === undefined && !/budget|too deep/.test(message) ? message : "").toBe("");
  }
  if (verdict !== "held") {
    expect(violations.length + notChecked.length).toBeGreaterThan(0);
    return;
  }
  expect([stopped, notChecked]).toEqual([undefined, []]);
  // Held: states were judged, or there was nothing but assumptions to judge.
  if (total === 0) expect(spec).toMatch(/\b(ASSUME|ASSUMPTION|AXIOM)\b/);
}

describe("broken specifications", () => {
  it("are refused with their place, or something was judged", () => {
    let [refused, judged] = [0, 0];
    const property = fc.property(files, ({ inSpec, inConfig }) => {
      const [spec, config] = [changed(specification, inSpec), changed(configuration, inConfig)];
      const outcome = check(spec, config);
      if ("refused" in outcome) {
        refused++;
        expect(outcome.refused).toMatch(/\S/);
        expect(outcome.refused).not.toMatch(/undefined|\[object|NaN|\n {4}at /);
        return;
      }
      judged++;
      judge(outcome.result, spec);
      // The same text with other line ends, and read a second time, is the same model.
      const again = check(spec, config);
      expect("result" in again && [again.result.verdict, again.result.total]).toEqual([
        outcome.result.verdict,
        outcome.result.total,
      ]);
    });
    fc.assert(property, { numRuns: cases, seed });
    expect(refused).toBeGreaterThan(cases / 10);
    expect(judged).toBeGreaterThan(cases / 20);
  }, 3_600_000);

  it("nested very deep are refused, not a crash", () => {
    for (const deep of [
      "(".repeat(20_000),
      "~".repeat(20_000),
      "<<".repeat(20_000),
      "IF ".repeat(20_000),
      "{".repeat(20_000),
    ]) {
      const outcome = check(specification.replace("x = 0", `x = ${deep}0`), configuration);
      expect("refused" in outcome).toBe(true);
    }
  }, 60_000);
});

describe("through the command", () => {
  let folder = "";
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "broken-specification-"));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("end with a documented exit code and no stack", () => {
    const samples = fc.sample(files, { numRuns: processes, seed });
    for (const { inSpec, inConfig } of samples) {
      fs.writeFileSync(path.join(folder, "M.tla"), changed(specification, inSpec));
      fs.writeFileSync(path.join(folder, "M.cfg"), changed(configuration, inConfig));
      const args = [
        "runtime/boot.mjs",
        "cli/main.ts",
        "tla",
        "check",
        path.join(folder, "M"),
        "--max-generated",
        "2000",
      ];
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
      expect([0, 1, 2, 64]).toContain(status);
      expect(stderr).not.toMatch(/\n {4}at /);
      if (status === 64)
        expect(stderr).toMatch(/line \d+, column \d+ of|M\.(tla|cfg)|module|nothing to check|INIT and NEXT/);
    }
  }, 3_600_000);
});
