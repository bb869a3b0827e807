/**
 * TLC, when the user has it (TLA2TOOLS_JAR): run on the same model with one worker, and read for its verdict and counts.
 *
 * Source of exit codes: tlc2.output.EC.ExitStatus (10 assumption, 11 deadlock, 12 safety, 13 liveness, 14 assertion).
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ModelFiles } from "./model-files.ts";

export type TlcResult = {
  readonly verdict: "held" | "failed" | "unknown";
  /** What kind of violation, in our words; undefined if there is none. */
  readonly violation: string | undefined;
  readonly distinct: number | null;
  readonly total: number | null;
  readonly depth: number | null;
  /** Number of states of the counterexample, without the mark of stuttering or of a loop. */
  readonly states: number | null;
  readonly wallMs: number;
  /** The last lines of its output, when it gave no verdict. */
  readonly said: string;
};

const VIOLATIONS: { readonly [exitCode: number]: string } = {
  10: "assumption",
  11: "deadlock",
  12: "safety",
  13: "liveness",
  14: "evaluation",
};
const SAID_LINES = 8;

/** `onStop` hands over how to end TLC early. Throws the error of the system when java cannot be started. */
export async function runTlc(files: ModelFiles, jar: string, onStop: (stop: () => void) => void): Promise<TlcResult> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-tlc-"));
  const [folder, ...libraries] = files.folders.map((name) => path.resolve(name));
  const startMs = performance.now();
  try {
    const words = [
      "-XX:+UseParallelGC",
      ...(libraries.length === 0 ? [] : [`-DTLA-Library=${libraries.join(path.delimiter)}`]),
      ...["-cp", path.resolve(jar), "tlc2.TLC", "-workers", "1", "-noGenerateSpecTE", "-metadir", scratch],
      ...["-config", path.resolve(files.configFile), path.join(folder!, `${files.spec}.tla`)],
    ];
    const { code, output } = await runJava(words, folder!, onStop);
    return { ...readTlc(output, code), wallMs: Math.round(performance.now() - startMs) };
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function runJava(
  words: readonly string[],
  cwd: string,
  onStop: (stop: () => void) => void,
): Promise<{ code: number; output: string }> {
  const child = spawn("java", words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  onStop(() => void child.kill());
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

/** Reads what TLC prints for people. */
export function readTlc(output: string, exitCode: number): Omit<TlcResult, "wallMs"> {
  const counts = [...output.matchAll(/^([\d,]+) states generated, ([\d,]+) distinct states found/gm)].at(-1);
  const depth = /The depth of the complete state graph search is (\d+)/.exec(output);
  const states = [...output.matchAll(/^State (\d+): (?!Stuttering)/gm)].map(([, number]) => Number(number));
  const violation = VIOLATIONS[exitCode];
  return {
    verdict: exitCode === 0 ? "held" : violation === undefined ? "unknown" : "failed",
    violation,
    total: counts === undefined ? null : wholeOf(counts[1]!),
    distinct: counts === undefined ? null : wholeOf(counts[2]!),
    depth: depth === null ? null : Number(depth[1]),
    states: states.length === 0 ? null : Math.max(...states),
    said: output.trimEnd().split("\n").slice(-SAID_LINES).join("\n"),
  };
}

function wholeOf(text: string): number {
  return Number(text.replace(/,/g, ""));
}
