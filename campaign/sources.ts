/** What the code was: a SHA-256 for each room and each file of a user's scenario, the version of the tool, the commit where there is one. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { importsOf } from "./imports.ts";

/** Rooms whose code can change a run. */
const ROOMS = ["sim", "systems", "nemesis", "checkers", "scenarios", "runtime", "campaign", "tla"] as const;

export type Sources = { readonly [roomOrFile: string]: string };

/** The folder that holds the rooms: the repository, or dist/ of the package. */
export function toolRoot(): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
}

export function toolVersion(): string {
  for (const folder of [toolRoot(), path.dirname(toolRoot())]) {
    const file = path.join(folder, "package.json");
    if (fs.existsSync(file)) return (JSON.parse(fs.readFileSync(file, "utf8")) as { version: string }).version;
  }
  return "0.0.0";
}

/** What an entry says of an import that nobody could follow, instead of a hash. */
const NOT_HASHED = "not hashed";

let hashed: Sources | null = null;

/** A hash for each room of the tool: tests and documents do not count. Made once, since a process runs the code that it began with. */
export function hashSources(): Sources {
  hashed ??= hashRooms();
  return hashed;
}

function hashRooms(): Sources {
  const root = toolRoot();
  const sources: Record<string, string> = {};
  for (const room of ROOMS) sources[room] = hashFolder(path.join(root, room));
  return sources;
}

/**
 * Hashes a file of a user and all that it imports (imports.ts). Names are relative to `base`, with slashes: a project that is moved
 * or copied as a whole has the same names and hashes.
 */
export function hashUserFile(file: string, base: string = path.dirname(file)): Sources {
  const { files, packages, unknown } = importsOf(file);
  const sources: Record<string, string> = {};
  for (const each of files) sources[portable(path.relative(base, each))] = hashFiles([each], path.dirname(each));
  for (const [name, manifest] of packages) sources[`package ${name}`] = hashFiles([manifest], path.dirname(manifest));
  for (const name of unknown) sources[`import ${JSON.stringify(name)}`] = NOT_HASHED;
  return sources;
}

/** A path as it is written into files, the same on every system. */
export function portable(file: string): string {
  return file.split(path.sep).join("/");
}

function hashFolder(folder: string): string {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isCode(entry.name))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes(`${path.sep}fixtures${path.sep}`));
  return hashFiles(files, folder);
}

/** Specifications are code: runs are judged by them. */
function isCode(name: string): boolean {
  return (/(?<!\.d)\.[cm]?[jt]s$/.test(name) && !/\.test\.[jt]s$/.test(name)) || name.endsWith(".tla");
}

function hashFiles(files: readonly string[], base: string): string {
  const hash = createHash("sha256");
  for (const file of [...files].sort())
    hash
      .update(`${path.relative(base, file)}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** Names what differs between two sets of hashes, in order. */
export function changedSources(then: Sources, now: Sources): string[] {
  const names = new Set([...Object.keys(then), ...Object.keys(now)]);
  return [...names].filter((name) => then[name] !== now[name]).sort();
}

/** Names what has no hash: of these parts nobody can say whether they are the same. */
export function unhashed(sources: Sources): string[] {
  return Object.keys(sources)
    .filter((name) => sources[name] === NOT_HASHED)
    .sort();
}

export type Commit = { readonly id: string; readonly isDirty: boolean };

/** The commit of the working folder; null outside a git checkout or without git. */
export function gitCommit(): Commit | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return { id: git("rev-parse", "HEAD"), isDirty: git("status", "--porcelain", "--untracked-files=no") !== "" };
  } catch {
    return null;
  }
}
