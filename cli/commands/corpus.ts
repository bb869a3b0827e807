/** `seedbed corpus add`: puts repros into the corpus of the working folder, one a line. */
import * as fs from "node:fs";
import * as path from "node:path";
import { readTextFile } from "../../campaign/document.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { hashJson, parseRepro, readRepro } from "../../campaign/repro.ts";
import { writeWhole } from "../../campaign/store.ts";
import { makeTerminal } from "../terminal.ts";

export type CorpusArguments = { readonly repros: readonly string[]; readonly color?: boolean | undefined };

export function corpusAddCommand(args: CorpusArguments): number {
  // All are read, and the corpora that they go to, before the first is written.
  const repros = args.repros.map((file) => ({ file, repro: readRepro(file) }));
  for (const { file, repro } of repros) {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(repro.scenario))
      throw new UsageError(`${file}: scenario: ${JSON.stringify(repro.scenario)} is not a name of a scenario.`);
  }
  const terminal = makeTerminal(args);
  const corpora = new Map<string, Corpus>();
  const told = repros.map(({ repro }) => {
    const target = path.join("corpus", `${repro.scenario}.jsonl`);
    const corpus = corpora.get(target) ?? readCorpus(target);
    corpora.set(target, corpus);
    const hash = hashJson(repro.input);
    if (corpus.hashes.has(hash)) return `${target} has it already\n`;
    corpus.hashes.add(hash);
    corpus.added.push(JSON.stringify(repro));
    return `added to ${target}\n`;
  });
  for (const [target, corpus] of corpora) append(target, corpus);
  for (const text of told) terminal.out(text);
  return EXIT.held;
}

type Corpus = {
  /** Of the inputs that it holds. */
  readonly hashes: Set<string>;
  readonly text: string;
  readonly added: string[];
};

/** Throws UsageError for a corpus that no campaign could read: what is added there would never run. */
function readCorpus(file: string): Corpus {
  const text = fs.existsSync(file) ? readTextFile(file) : "";
  const hashes = new Set<string>();
  text.split("\n").forEach((line, i) => {
    if (line.replace(/^\uFEFF/, "").trim() === "") return;
    hashes.add(hashJson(parseRepro(line, `${file}: line ${i + 1}`).input));
  });
  return { hashes, text, added: [] };
}

function append(file: string, { text, added }: Corpus): void {
  if (added.length === 0) return;
  try {
    if (!fs.existsSync("corpus")) fs.mkdirSync("corpus");
    // Whole or not at all: a torn line would be refused by every campaign after it.
    writeWhole(file, `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${added.join("\n")}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`${file} cannot be written (${code}).`);
  }
}
