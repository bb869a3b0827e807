/** corpus/: repros of seeds that once failed, one a line for each scenario. They run first, for ever. */
import * as fs from "node:fs";
import * as path from "node:path";
import { nearest } from "../nemesis/suggest.ts";
import type { PlannedRun } from "./campaign.ts";
import { type Cataloged, catalog } from "./catalog.ts";
import { demandInput, reproPlaces } from "./demand-input.ts";
import { readTextFile } from "./document.ts";
import { UsageError } from "./errors.ts";
import { hashJson, parseRepro } from "./repro.ts";
import type { RunInput } from "./result.ts";

export type CorpusOptions = {
  /** Default: corpus/ of the working folder. */
  readonly folder?: string;
  /** Hears of what is left out, a sentence each. */
  readonly notice?: (message: string) => void;
};

/** The corpus for these scenarios. Throws UsageError for a line that is no repro, or is one of another scenario. */
export function corpusRuns(selected: readonly Cataloged[], options: CorpusOptions = {}): PlannedRun[] {
  const { folder = path.join(process.cwd(), "corpus"), notice = () => {} } = options;
  const files = filesIn(folder);
  noticeStrangers(files, folder, selected, notice);
  return selected
    .filter(({ scenario }) => files.includes(`${scenario.name}.jsonl`))
    .flatMap((entry) => runsOf(entry, path.join(folder, `${entry.scenario.name}.jsonl`), notice));
}

function runsOf(entry: Cataloged, file: string, notice: (message: string) => void): PlannedRun[] {
  const shown = path.relative(process.cwd(), file);
  const text = readTextFile(shown);
  demandOneALine(text, shown);
  const runs: PlannedRun[] = [];
  const lines = new Map<string, number>();
  text.split("\n").forEach((line, i) => {
    if (line.replace(/^\uFEFF/, "").trim() === "") return;
    const where = `${shown}: line ${i + 1}`;
    const repro = parseRepro(line, where);
    if (repro.scenario !== entry.scenario.name) {
      throw new UsageError(
        `${where}: this is a repro of ${JSON.stringify(repro.scenario)}, and the file belongs to ${JSON.stringify(entry.scenario.name)}. Move it to ${corpusName(repro.scenario)}.`,
      );
    }
    const input = repro.input as RunInput;
    const corpusId = hashJson(input);
    const before = lines.get(corpusId);
    if (before !== undefined) {
      notice(`${where} is the same repro as line ${before}; it runs once.`);
      return;
    }
    demandInput(entry.scenario, input, reproPlaces(where));
    lines.set(corpusId, i + 1);
    runs.push({ entry, input, isCorpus: true, corpusId });
  });
  if (lines.size === 0) notice(`${shown} holds no repro.`);
  return runs;
}

export function corpusName(scenario: string): string {
  return `${scenario}.jsonl`;
}

/** What `cp repro.json corpus/x.jsonl` gives: one document over many lines. */
function demandOneALine(text: string, shown: string): void {
  if (!/^\{[^\S\n]*\n/.test(text.trimStart())) return;
  throw new UsageError(
    `${shown}: this is one repro over many lines; a corpus has one repro a line. Put it there with: corpus add REPRO.json`,
  );
}

function filesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new UsageError(`${path.relative(process.cwd(), folder)} cannot be read (${code}).`);
  }
}

/** A file that is meant for a scenario of this campaign and never read is a regression test that tests nothing. */
function noticeStrangers(
  files: readonly string[],
  folder: string,
  selected: readonly Cataloged[],
  notice: (message: string) => void,
): void {
  const names = selected.map(({ scenario }) => scenario.name);
  const known = new Set([...names, ...catalog().map(({ scenario }) => scenario.name)]);
  for (const file of files) {
    const match = /^(.*)\.(jsonl?|ndjson)$/i.exec(file);
    if (match === null) continue;
    const name = known.has(match[1]!) ? match[1]! : match[1]!.toLowerCase();
    if (known.has(match[1]!) && match[2] === "jsonl") continue;
    const meant = known.has(name) ? name : meantBy(name, selected);
    if (meant === null) continue;
    const shown = path.join(path.relative(process.cwd(), folder), file);
    notice(`${shown} is not read: the corpus of ${meant} is ${corpusName(meant)}, one repro a line.`);
  }
}

/** The scenario whose file has this name, or whose own name is nearly this one. */
function meantBy(name: string, selected: readonly Cataloged[]): string | null {
  const byFile = selected.find(({ ref }) => ref.file !== null && path.basename(ref.file).split(".")[0] === name);
  if (byFile !== undefined) return byFile.scenario.name;
  return nearest(
    name,
    selected.filter(({ ref }) => ref.file !== null).map(({ scenario }) => scenario.name),
  );
}
