/** `seedbed check`: recorded histories, in any known format, judged by a checker. */
import * as fs from "node:fs";
import { EXIT, UsageError, worstExit } from "../../campaign/errors.ts";
import { checkerFor, checkHistory, optionsFromText } from "../../checkers/check.ts";
import { CheckUsageError } from "../../checkers/checker.ts";
import { operationsOf, readHistory } from "../../checkers/formats/read-history.ts";
import { decodeUtf8 } from "../../checkers/formats/utf8.ts";
import { HistoryError } from "../../checkers/history.ts";
import { unmarked } from "../../checkers/marked-values.ts";
import type { Verdict } from "../../checkers/verdict.ts";
import { counted } from "../../report/style.ts";
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

/** Judges every file, whatever becomes of the others; the worst of them is the exit code, and a file that cannot be judged is 64. */
export function checkCommand(args: CheckArguments): number {
  const terminal = makeTerminal(args);
  const texts = pairs("--option", args.option);
  const results = args.files.map((file) => tryFile(file, args, texts));
  const checked = results.filter((result): result is Checked => !("refused" in result));
  const refused = results.filter((result): result is Refused => "refused" in result);
  // A request that is wrong for every file has no result to print.
  if (checked.length === 0) throw new UsageError(refused.map(({ refused: reason }) => reason).join("\n"));
  const totals = { valid: 0, invalid: 0, unknown: 0 };
  for (const { verdict } of checked) totals[verdict]++;
  if (args.json) {
    const files = results.map((result) =>
      "refused" in result ? { file: result.file, error: result.refused } : result,
    );
    const report = files.length === 1 ? files[0] : { files, totals: { ...totals, refused: refused.length } };
    terminal.out(`${JSON.stringify(unmarked(report), null, 2)}\n`);
  } else {
    for (const result of checked) for (const line of describe(result, terminal)) terminal.out(`${line}\n`);
    if (results.length > 1) {
      const rest = refused.length === 0 ? "" : `, ${refused.length} not judged`;
      terminal.out(
        `${results.length} files: ${totals.valid} valid, ${totals.invalid} invalid, ${totals.unknown} unknown${rest}\n`,
      );
    }
  }
  if (refused.length > 0) throw new UsageError(refused.map(({ refused: reason }) => reason).join("\n"));
  return worstExit(
    checked.map(({ verdict }) => ({ valid: EXIT.held, invalid: EXIT.failed, unknown: EXIT.unknown })[verdict]),
  );
}

type Refused = { readonly file: string; readonly refused: string };

function tryFile(file: string, args: CheckArguments, texts: Readonly<Record<string, string>>): Checked | Refused {
  try {
    return checkFile(file, args, texts);
  } catch (error) {
    if (error instanceof HistoryError || error instanceof CheckUsageError) {
      return { file, refused: `${file}: ${error.message}` };
    }
    if (error instanceof UsageError) return { file, refused: error.message };
    throw error;
  }
}

function checkFile(file: string, args: CheckArguments, texts: Readonly<Record<string, string>>): Checked {
  const history = readHistory(chunksOf(file), args.format === undefined ? {} : { format: args.format });
  const checker = checkerFor(history, args.model);
  const options = optionsFromText(checker, texts);
  const startMs = performance.now();
  const verdict = checkHistory(history, { model: checker.name, options });
  const wallMs = Math.round((performance.now() - startMs) * 1000) / 1000;
  return {
    file,
    format: history.format,
    model: checker.name,
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
    yield* decodeUtf8(readChunks(descriptor));
  } finally {
    fs.closeSync(descriptor);
  }
}

function* readChunks(descriptor: number): Generator<Uint8Array> {
  for (;;) {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    const length = fs.readSync(descriptor, buffer, 0, CHUNK_BYTES, null);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

function describe(result: Checked, { style }: ReturnType<typeof makeTerminal>): string[] {
  const word = {
    valid: style.green.bold("valid"),
    invalid: style.red.bold("invalid"),
    unknown: style.yellow.bold("unknown"),
  }[result.verdict];
  const head = `${word}  ${result.file}  (${result.model}, ${counted(result.operations, "operation")}, ${result.wallMs.toFixed(1)} ms)`;
  const lines = result.reason === "" ? [] : result.reason.split("\n");
  const shown = lines.slice(0, LINES_MAX).map((line) => `    ${line}`);
  if (lines.length > LINES_MAX) shown.push(`    … ${lines.length - LINES_MAX} more lines with --json`);
  return [head, ...shown];
}
