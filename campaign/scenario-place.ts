/** Where a user's scenario stands, for annotations: the line of its file that names it. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { ScenarioRef } from "./catalog.ts";
import { portable } from "./sources.ts";

export type ScenarioPlace = {
  /** Relative to the working folder, with slashes. */
  readonly file: string;
  /** From 1; 1 where the name is put together and does not stand in the file. */
  readonly line: number;
};

/** Null for a scenario that comes with the tool. */
export function scenarioPlace({ name, file }: ScenarioRef): ScenarioPlace | null {
  if (file === null) return null;
  const quotedName = new RegExp(`(["'\`])${name}\\1`);
  let line = 0;
  try {
    line = fs
      .readFileSync(file, "utf8")
      .split("\n")
      .findIndex((text) => quotedName.test(text));
  } catch {
    // Removed while the campaign ran: the file is named all the same.
  }
  return { file: portable(path.relative(process.cwd(), file)), line: Math.max(0, line) + 1 };
}
