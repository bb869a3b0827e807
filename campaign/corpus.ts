/** corpus/: repros of seeds that once failed, one a line for each scenario. They run first, for ever. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { PlannedRun } from "./campaign.ts";
import type { Cataloged } from "./catalog.ts";
import { parseRepro } from "./repro.ts";
import type { RunInput } from "./result.ts";

/** The corpus of the working folder for these scenarios. Throws UsageError for a line that is no repro. */
export function corpusRuns(
  selected: readonly Cataloged[],
  folder: string = path.join(process.cwd(), "corpus"),
): PlannedRun[] {
  const runs: PlannedRun[] = [];
  for (const entry of selected) {
    const file = path.join(folder, `${entry.scenario.name}.jsonl`);
    if (!fs.existsSync(file)) continue;
    const lines = fs.readFileSync(file, "utf8").split("\n");
    lines.forEach((line, i) => {
      if (line.trim() === "") return;
      const repro = parseRepro(line, `${path.relative(process.cwd(), file)}: line ${i + 1}`);
      runs.push({ entry, input: repro.input as RunInput, isCorpus: true });
    });
  }
  return runs;
}
