/** `seedbed check`: recorded histories, in any known format, judged by a checker. */
import * as fs from "node:fs";
import { EXIT, UsageError, worstExit } from "../../campaign/errors.ts";
import { checkHistory } from "../../checkers/check.ts";
import { CheckUsageError } from "../../checkers/checker.ts";
import { operationsOf, readHistory } from "../../checkers/formats/read-history.ts";
import { HistoryError } from "../../checkers/history.ts";
import type { Verdict } from "../../checkers/verdict.ts";
import { pairs } from "../arguments.ts";
import { makeTerminal } from "../terminal.ts";

export type CheckArguments = {
  readonly files: readonly string[];
  readonly format?: string | undefined;
  readonly model?: string | undefined;
  readonly option: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color?: boolean | undefined;
};

type Checked = {
  readonly file: string;
  readonly format: string;
  readonly model: string;
  readonly verdict: Verdict["kind"];
  readonly operations: number;
  readonly wallMs: number;
  readonly reason: string;
  readonly evidence?: unknown;
};

const CHUNK_BYTES = 1 << 20;
const LINES_MAX = 12;

export function checkCommand(args: CheckArguments): number {
  const terminal = makeTerminal(args);
  const checked = args.files.map((file) => checkFile(file, args));
  const totals = { valid: 0, invalid: 0, unknown: 0 };
  for (const { verdict } of checked) totals[verdict]++;
  if (args.json) {
    terminal.out(`${JSON.stringify(checked.length === 1 ? checked[0] : { files: checked, totals }, null, 2)}\n`);
  } else {
    for (const result of checked) for (const line of describe(result, terminal)) terminal.out(`${line}\n`);
    if (checked.length > 1)
      terminal.out(
        `${checked.length} files: ${totals.valid} valid, ${totals.invalid} invalid, ${totals.unknown} unknown\n`,
      );
  }
  return worstExit(
    checked.map(({ verdict }) => ({ valid: EXIT.held, invalid: EXIT.failed, unknown: EXIT.unknown })[verdict]),
  );
}

function checkFile(file: string, args: CheckArguments): Checked {
  try {
    const history = readHistory(chunksOf(file), args.format === undefined ? {} : { format: args.format });
    const options = pairs("--option", args.option);
    const startMs = performance.now();
    const verdict = checkHistory(history, { ...(args.model === undefined ? {} : { model: args.model }), options });
    const wallMs = Math.round((performance.now() - startMs) * 1000) / 1000;
    return {
      file,
      format: history.format,
      model: args.model ?? history.model ?? verdict.checker,
      verdict: verdict.kind,
      operations: verdict.operations === 0 ? operationsOf(history).length : verdict.operations,
      wallMs,
      reason: reasonOf(verdict),
      ...(verdict.kind === "invalid"
        ? { evidence: verdict.evidence }
        : verdict.kind === "unknown"
          ? { evidence: verdict.progress }
          : {}),
    };
  } catch (error) {
    if (error instanceof HistoryError || error instanceof CheckUsageError)
      throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

function reasonOf(verdict: Verdict): string {
  if (verdict.kind === "valid") return "";
  return verdict.kind === "unknown" ? verdict.reason : verdict.evidence.lines.join("\n");
}

/** The file as text in chunks; a character that lies across two chunks stays whole. */
function* chunksOf(file: string): Generator<string> {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, "r");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
  try {
    if (fs.fstatSync(descriptor).isDirectory())
      throw new UsageError(`${file} is a folder; name the history files in it.`);
    const decoder = new TextDecoder();
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const length = fs.readSync(descriptor, buffer, 0, CHUNK_BYTES, null);
      if (length === 0) break;
      yield decoder.decode(buffer.subarray(0, length), { stream: true });
    }
    yield decoder.decode();
  } finally {
    fs.closeSync(descriptor);
  }
}

function describe(result: Checked, { style }: ReturnType<typeof makeTerminal>): string[] {
  const word = {
    valid: style.green.bold("valid"),
    invalid: style.red.bold("invalid"),
    unknown: style.yellow.bold("unknown"),
  }[result.verdict];
  const head = `${word}  ${result.file}  (${result.model}, ${result.operations} operations, ${result.wallMs.toFixed(1)} ms)`;
  const lines = result.reason === "" ? [] : result.reason.split("\n");
  const shown = lines.slice(0, LINES_MAX).map((line) => `    ${line}`);
  if (lines.length > LINES_MAX) shown.push(`    … ${lines.length - LINES_MAX} more lines with --json`);
  return [head, ...shown];
}
