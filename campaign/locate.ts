/**
 * Where the scenario of a repro is now. A repro names a user's file relative to the project it was recorded in, so that it works in a
 * copy, on another machine and from another folder of the project.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { quoted, UsageError } from "./errors.ts";
import type { Repro } from "./repro.ts";
import { changedSources, hashUserFile, type Sources } from "./sources.ts";

/** Characters of a path in a message. */
const PLACE_MAX = 200;

export type Located = {
  /** Absolute; null for a scenario that comes with the tool. */
  readonly file: string | null;
  /** Hashes of that file and its imports; empty for a scenario of the tool. */
  readonly sources: Sources;
};

/**
 * Looks under the working folder, then under each folder above the repro, then at the recorded place, each time also for the file's
 * name alone. The first that is as it was recorded wins, else the first that exists. `given` (--scenario) stands above all of this.
 * Throws UsageError naming where was looked.
 */
export function locateScenario(repro: Repro, reproFile: string, given?: string): Located {
  if (given !== undefined) {
    if (!isFile(given)) throw new UsageError(`--scenario: there is no file ${quoted(given)}.`);
    return at(path.resolve(given));
  }
  if (repro.file === null) return { file: null, sources: {} };
  const places = candidates(repro.file, reproFile);
  const present = places.filter(isFile);
  const located = present.map(at);
  const same = located.find(({ sources }) => isAsRecorded(repro.sources, sources));
  const found = same ?? located[0];
  if (found !== undefined) return found;
  throw new UsageError(
    `${reproFile}: file: the scenario ${quoted(repro.scenario)} comes from ${quoted(repro.file)}, and there is no such file under the working folder ` +
      `or above the repro (looked at: ${places.slice(0, 4).map(shortened).join(", ")}${places.length > 4 ? ", …" : ""}). Say where it is now with --scenario FILE.`,
  );
}

function shortened(place: string): string {
  const plain = place.replace(/\p{Cc}/gu, "?");
  return plain.length > PLACE_MAX ? `${plain.slice(0, PLACE_MAX - 1)}…` : plain;
}

/** False also for what can be no path (a name that is too long, or has a zero byte): a repro may hold any text. */
function isFile(place: string): boolean {
  try {
    return fs.statSync(place).isFile();
  } catch {
    return false;
  }
}

function at(file: string): Located {
  return { file, sources: hashUserFile(file) };
}

function isAsRecorded(then: Sources, now: Sources): boolean {
  return Object.keys(now).every((name) => then[name] === now[name]);
}

function candidates(recorded: string, reproFile: string): string[] {
  const isAbsolute = path.isAbsolute(recorded);
  const name = recorded.split(/[\\/]/).at(-1)!;
  const wanted = isAbsolute ? [name] : [recorded, name];
  const roots = [process.cwd()];
  for (let folder = path.dirname(path.resolve(reproFile)); ; folder = path.dirname(folder)) {
    roots.push(folder);
    if (path.dirname(folder) === folder) break;
  }
  const places = roots.flatMap((root) => wanted.map((each) => path.resolve(root, each)));
  return [...new Set(isAbsolute ? [recorded, ...places] : places)];
}

/** What is not as it was when a repro was recorded, of the code: one sentence each. */
export function changedCode(repro: Repro, tool: Sources, located: Located): string[] {
  return changedSources(repro.sources, { ...tool, ...located.sources }).map((name) => {
    const then = repro.sources[name];
    if (then === undefined) return `${name} was not part of the scenario when the failure was recorded`;
    const isGone = !Object.hasOwn(located.sources, name) && !Object.hasOwn(tool, name);
    if (isGone) return `${name} is no longer part of the scenario`;
    return `${name} has changed since the failure was recorded`;
  });
}
