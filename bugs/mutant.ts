/** Builds a mutant: a copy of the tool's rooms with one patch applied. The sources themselves are never touched. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { hashSources, toolRoot } from "../campaign/sources.ts";
import type { Bug } from "./bug.ts";
import { applyPatch } from "./patch.ts";

export type Mutant = {
  readonly bug: Bug;
  /** SHA-256 of the patch. */
  readonly patchHash: string;
  readonly folder: string;
  /** The mutant's own runner. */
  readonly runnerEntry: URL;
};

const COPIED = [
  "sim",
  "systems",
  "nemesis",
  "checkers",
  "scenarios",
  "runtime",
  "campaign",
  "tla",
  "package.json",
] as const;

export function patchText(bug: Bug): string {
  return fs.readFileSync(path.join(toolRoot(), "bugs", "patches", `${bug.id}.patch`), "utf8");
}

export function patchHash(bug: Bug): string {
  return createHash("sha256").update(patchText(bug)).digest("hex");
}

/** Throws PatchError when the patch does not fit the present sources. */
export function buildMutant(bug: Bug, parent: string = path.join(process.cwd(), ".seedbed", "mutants")): Mutant {
  const root = toolRoot();
  const hash = patchHash(bug);
  const sources = createHash("sha256").update(JSON.stringify(hashSources())).digest("hex");
  const folder = path.join(parent, `${bug.id}-${hash.slice(0, 8)}-${sources.slice(0, 8)}`);
  const mutated = applyPatch(patchText(bug), (file) => fs.readFileSync(path.join(root, file), "utf8"));
  if (!fs.existsSync(path.join(folder, "package.json"))) {
    removeOlder(parent, bug);
    fs.mkdirSync(folder, { recursive: true });
    for (const name of COPIED) {
      const from = path.join(root, name);
      if (name !== "package.json" && fs.existsSync(from))
        fs.cpSync(from, path.join(folder, name), { recursive: true, filter: isSource });
    }
    fs.symlinkSync(nodeModules(root), path.join(folder, "node_modules"));
    for (const [file, text] of mutated) fs.writeFileSync(path.join(folder, file), text);
    // Last, as the sign that the copy is whole.
    fs.copyFileSync(path.join(root, "package.json"), path.join(folder, "package.json"));
  }
  return { bug, patchHash: hash, folder, runnerEntry: pathToFileURL(path.join(folder, "campaign", "runner.ts")) };
}

/** Copies of earlier sources, and one that was cut short. */
function removeOlder(parent: string, bug: Bug): void {
  if (!fs.existsSync(parent)) return;
  for (const name of fs.readdirSync(parent)) {
    if (name.startsWith(`${bug.id}-`)) fs.rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

function isSource(file: string): boolean {
  return !/\.test\.ts$|fixtures$|node_modules/.test(file);
}

function nodeModules(root: string): string {
  for (let folder = root; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules");
    if (fs.existsSync(candidate)) return fs.realpathSync(candidate);
    if (path.dirname(folder) === folder) throw new Error(`no node_modules above ${root}`);
  }
}
