/** A failure in at most 15 lines: the property, what proves it, the faults that mattered, the seed, and the command that replays it. */
import type { ChalkInstance } from "chalk";
import { type Operation, show } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { FailureDetails } from "../campaign/protocol.ts";
import type { FaultWindow, RunResult } from "../campaign/result.ts";

const LINES_MAX = 15;
const WIDTH_MAX = 160;
const PROOF_MAX = 6;
const SENTENCES_WITH_PROOF = 2;

export type FailureText = {
  readonly result: RunResult;
  readonly faultWindows: readonly FaultWindow[];
  /** The evidence of each property. */
  readonly verdicts: readonly { readonly name: string; readonly verdict: Verdict }[];
  /** The command that runs it again. */
  readonly replay: string;
};

export function failureOf(details: FailureDetails, replay: string): FailureText {
  return { result: details.result, faultWindows: details.faultWindows, verdicts: details.verdicts, replay };
}

export function formatFailure(failure: FailureText, style: ChalkInstance): string[] {
  const { result } = failure;
  const broken = result.properties.filter(({ verdict }) => verdict === "invalid");
  const first = broken[0];
  const word = result.verdict === "failed" ? style.red.bold("FAIL") : style.yellow.bold("UNKNOWN");
  const reasons = reasonsOf(failure);
  const head = [`${word}  ${result.scenario}  seed ${JSON.stringify(result.seed)}`];
  const others = broken.slice(1).map(({ name }) => name);
  if (first !== undefined) {
    const monitor = first.monitor ? " (seen by a monitor)" : "";
    head.push(`  ${style.bold(first.name)}${monitor}${others.length > 0 ? `; also ${others.join(", ")}` : ""}`);
  }
  const tail = [
    `  faults: ${describeFaults(failure.faultWindows)}`,
    `  ${result.operations.ok} ok, ${result.operations.fail} fail, ${result.operations.info} info in ${(result.virtualUs / 1e6).toFixed(2)} virtual s; digest ${result.digest}`,
    `  replay: ${style.bold(failure.replay)}`,
  ];
  const room = LINES_MAX - head.length - tail.length;
  const shown =
    reasons.length > room
      ? [...reasons.slice(0, room - 1), `… ${reasons.length - room + 1} more lines in verdict.json`]
      : reasons;
  return [...head, ...shown.map((line) => cut(`    ${line}`)), ...tail.map((line) => line)];
}

/** What the first property that failed has to say: its leading sentences, then the operations that prove it, in order. */
function reasonsOf({ result, verdicts }: FailureText): string[] {
  const property =
    result.properties.find(({ verdict }) => verdict === "invalid") ??
    result.properties.find(({ verdict }) => verdict === "unknown");
  if (property === undefined) return [];
  const evidence = verdicts.find(({ name }) => name === property.name)?.verdict;
  const lines = property.reason.split("\n");
  if (evidence?.kind !== "invalid" || evidence.evidence.proof.length === 0) return lines;
  const proof = evidence.evidence.proof;
  const shown = proof.slice(0, PROOF_MAX).map(describeOperation);
  if (proof.length > PROOF_MAX) shown.push(`… and ${proof.length - PROOF_MAX} more operations in verdict.json`);
  return [...lines.slice(0, SENTENCES_WITH_PROOF), ...shown];
}

function describeOperation(operation: Operation): string {
  const { process, f, key, input, output, isPending, callUs, returnUs } = operation;
  const what = [f, key, input === null ? null : show(input)]
    .filter((word) => word !== null && word !== undefined)
    .join(" ");
  const answer = isPending ? "(no answer)" : output === input ? "ok" : `-> ${show(output)}`;
  const when = `${(callUs / 1000).toFixed(1)} - ${isPending ? "?" : (returnUs / 1000).toFixed(1)} ms`;
  return `process ${String(process).padEnd(3)} ${`${what} ${answer}`.padEnd(36)} ${when}`;
}

function cut(line: string): string {
  return line.length > WIDTH_MAX ? `${line.slice(0, WIDTH_MAX - 1)}…` : line;
}

/** The last fault windows before the end, as the nearest to the failure; the others as a number. */
function describeFaults(windows: readonly FaultWindow[]): string {
  if (windows.length === 0) return "none";
  const shown = windows.slice(-4).map(({ kind, startUs, endUs }) => `${kind} ${ms(startUs)}-${ms(endUs)} ms`);
  const before = windows.length - shown.length;
  return `${before > 0 ? `${before} earlier, ` : ""}${shown.join(", ")}`;
}

function ms(us: number): string {
  return (us / 1000).toFixed(0);
}
