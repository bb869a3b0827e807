/** From scenario arguments (names, globs, files of users) to scenarios. */
import * as path from "node:path";
import { nearest } from "../nemesis/suggest.ts";
import { scenarios as builtIn } from "../scenarios/index.ts";
import { type Scenario, scenario as checked } from "../scenarios/scenario.ts";
import { quoted, UsageError } from "./errors.ts";
import { loadUserFile } from "./load-file.ts";

/** How another process finds the same scenario. */
export type ScenarioRef = { readonly name: string; readonly file: string | null };

export type Cataloged = { readonly ref: ScenarioRef; readonly scenario: Scenario };

export type Selection = {
  /** Names, globs with * and ?, or paths of TypeScript or JavaScript files. Empty: every default scenario. */
  readonly arguments: readonly string[];
  /** Also those with `default: false`. */
  readonly isAll?: boolean;
  /** Only names that match this pattern. Throws UsageError when it is not a regular expression. */
  readonly grep?: string;
};

/**
 * Throws UsageError for a name, glob or file that gives nothing, and for two scenarios of one name: results, corpus and repros go by it.
 * An empty list only when grep leaves nothing.
 */
export async function selectScenarios(selection: Selection): Promise<Cataloged[]> {
  const chosen = new Map<string, Cataloged>();
  const add = (entry: Cataloged): void => {
    const { name } = entry.scenario;
    const other = chosen.get(name);
    if (other !== undefined && other.ref.file !== entry.ref.file) {
      throw new UsageError(
        `Two scenarios are called ${JSON.stringify(name)}: one ${origin(other.ref)}, one ${origin(entry.ref)}. Results and repros go by the name: rename one, or choose one.`,
      );
    }
    chosen.set(name, entry);
  };
  if (selection.arguments.length === 0) {
    for (const entry of catalog()) if (selection.isAll === true || entry.scenario.default !== false) add(entry);
  }
  for (const argument of selection.arguments) {
    for (const entry of await resolveArgument(argument, selection.isAll === true)) add(entry);
  }
  const pattern = selection.grep === undefined ? null : grepPattern(selection.grep);
  return [...chosen.values()].filter(({ scenario }) => pattern === null || pattern.test(scenario.name));
}

export function catalog(): readonly Cataloged[] {
  return builtIn.map((scenario) => ({ ref: { name: scenario.name, file: null }, scenario }));
}

/** Finds what a repro or another process names. Throws UsageError when it is gone. */
export async function loadScenario(ref: ScenarioRef): Promise<Scenario> {
  const candidates = ref.file === null ? catalog() : await loadFile(ref.file);
  const found = candidates.find(({ scenario }) => scenario.name === ref.name);
  if (found === undefined) {
    throw new UsageError(
      `There is no scenario ${quoted(ref.name)}${ref.file === null ? "" : ` in ${ref.file}`}. ` +
        `Scenarios are: ${candidates.map(({ scenario }) => scenario.name).join(", ")}.`,
    );
  }
  return found.scenario;
}

async function resolveArgument(argument: string, isAll: boolean): Promise<readonly Cataloged[]> {
  if (/\.[cm]?[jt]s$/.test(argument)) return loadFile(argument);
  if (/[*?]/.test(argument)) {
    const pattern = globPattern(argument);
    const matching = catalog().filter(
      ({ scenario }) => pattern.test(scenario.name) && (isAll || scenario.default !== false),
    );
    if (matching.length > 0) return matching;
    throw new UsageError(`No default scenario matches ${quoted(argument)}. ${known()}`);
  }
  const exact = catalog().find(({ scenario }) => scenario.name === argument);
  if (exact !== undefined) return [exact];
  const names = builtIn.map(({ name }) => name);
  const near = nearest(argument.toLowerCase(), names);
  if (near !== null)
    throw new UsageError(`There is no scenario ${quoted(argument)}. Did you mean ${JSON.stringify(near)}?`);
  throw new UsageError(`There is no scenario ${quoted(argument)}. ${known()}`);
}

function known(): string {
  return `Scenarios are: ${builtIn.map(({ name }) => name).join(", ")}. A path that ends in .ts or .js loads your own.`;
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}

function grepPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`--grep ${JSON.stringify(text)} is not a regular expression.`);
  }
}

function origin({ file }: ScenarioRef): string {
  return file === null ? "comes with the tool" : `is in ${path.relative(process.cwd(), file)}`;
}

/** Loads a user's file and takes every export that looks like a scenario. */
async function loadFile(file: string): Promise<Cataloged[]> {
  const exported = await loadUserFile(file);
  const values = Object.values(exported).flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]));
  // One value may be exported under two names.
  const definitions = [...new Set(values.filter(isScenarioLike))];
  const found = new Map<string, Cataloged>();
  for (const definition of definitions) {
    const { name } = definition;
    if (found.has(name)) {
      throw new UsageError(
        `${file} exports two scenarios that are called ${JSON.stringify(name)}. Results and repros go by the name: rename one.`,
      );
    }
    try {
      found.set(name, { ref: { name, file: path.resolve(file) }, scenario: checked(definition) });
    } catch (error) {
      throw new UsageError(`${file}: ${(error as Error).message}`);
    }
  }
  if (found.size > 0) return [...found.values()];
  throw new UsageError(
    `${file} exports no scenario. Export the value that scenario({ name, node, client, … }) returns.`,
  );
}

function isScenarioLike(value: unknown): value is Scenario {
  return typeof value === "object" && value !== null && "name" in value && "node" in value && "checks" in value;
}
