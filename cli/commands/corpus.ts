/** `seedbed corpus add`: puts repros into the corpus of the working folder, one a line. */
import * as fs from "node:fs";
import * as path from "node:path";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { hashJson, parseRepro, readRepro } from "../../campaign/repro.ts";
import { writeWhole } from "../../campaign/store.ts";
import { makeTerminal } from "../terminal.ts";

export type CorpusArguments = { readonly repros: readonly string[]; readonly color?: boolean | undefined };

export function corpusAddCommand(args: CorpusArguments): number {
  const terminal = makeTerminal(args);
  // All are read before the first is written.
  const repros = args.repros.map((file) => ({ file, repro: readRepro(file) }));
  for (const { file, repro } of repros) {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(repro.scenario))
      throw new UsageError(`${file}: scenario: ${JSON.stringify(repro.scenario)} is not a name of a scenario.`);
  }
  for (const { repro } of repros) {
    const target = path.join("corpus", `${repro.scenario}.jsonl`);
    const isNew = append(target, JSON.stringify(repro), hashJson(repro.input));
    terminal.out(isNew ? `added to ${target}\n` : `${target} has it already\n`);
  }
  return EXIT.held;
}

/** False when a line has the same input. */
function append(file: string, line: string, hash: string): boolean {
  try {
    if (!fs.existsSync("corpus")) fs.mkdirSync("corpus");
    const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    const lines = before.split("\n").map((text, i) => ({ text, where: `${file}: line ${i + 1}` }));
    const isThere = lines.some(
      ({ text, where }) => text.trim() !== "" && hashJson(parseRepro(text, where).input) === hash,
    );
    if (isThere) return false;
    // Whole or not at all: a torn line would be refused by every campaign after it.
    writeWhole(file, `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`${file} cannot be written (${code}).`);
  }
}
