/**
 * The files that a user's scenario is made of: what it imports, and what that imports, read from their text.
 *
 * Nothing is executed, so that a file can be hashed also when it no longer loads. Relative imports and those of a package's own
 * `imports` field are followed; a package in node_modules counts by its package.json, a linked one (a workspace) by its code. An import
 * that cannot be followed (an alias of tsconfig.json, a path that is computed) is named: of it nobody can say whether it changed.
 */
import * as fs from "node:fs";
import { builtinModules, createRequire } from "node:module";
import * as path from "node:path";

export type Imported = {
  /** Absolute paths, the file itself first, then in the order of discovery. */
  readonly files: readonly string[];
  /** Names of packages with the path of their package.json. */
  readonly packages: ReadonlyMap<string, string>;
  /** What could not be followed, as it is written. */
  readonly unknown: readonly string[];
};

/** More than any project of one's own has; a link that leads into a whole disk ends here. */
const FILES_MAX = 20_000;

const STATIC = /\b(?:from|import|require)\s*\(?\s*(["'])((?:(?!\1)[^\\\n])+)\1/g;
const CODE = /\.(?:[cm]?[jt]sx?|json)$/;
const EXTENSIONS = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];
/** TypeScript lets one import what the file will be once it is compiled. */
const WRITTEN_AS: { readonly [extension: string]: readonly string[] } = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

export function importsOf(file: string): Imported {
  const files = new Set<string>();
  const packages = new Map<string, string>();
  const unknown = new Set<string>();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (files.has(next) || files.size >= FILES_MAX) continue;
    files.add(next);
    for (const specifier of specifiersIn(next)) {
      const found = follow(specifier, next);
      if (found === null) unknown.add(specifier);
      else if (found.kind === "files") waiting.push(...[...found.files].reverse());
      else if (found.kind === "package") packages.set(found.name, found.manifest);
    }
  }
  return { files: [...files], packages, unknown: [...unknown].sort() };
}

function specifiersIn(file: string): string[] {
  if (!CODE.test(file) || file.endsWith(".json")) return [];
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return [...withoutComments(text).matchAll(STATIC)].map((match) => match[2]!);
}

/** Comments often show an import that is none. Only those that begin a line: elsewhere the signs may be inside of a string. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, " ").replace(/^\s*\/\/.*$/gm, " ");
}

type Followed =
  | { readonly kind: "files"; readonly files: readonly string[] }
  | { readonly kind: "package"; readonly name: string; readonly manifest: string }
  | { readonly kind: "ours" };

function follow(specifier: string, from: string): Followed | null {
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return { kind: "ours" };
  if (specifier === "seedbed" || specifier.startsWith("seedbed/")) return { kind: "ours" };
  if (/^\.\.?(\/|$)/.test(specifier) || path.isAbsolute(specifier)) {
    const files = filesMeant(path.resolve(path.dirname(from), specifier.replace(/[?#].*$/, "")));
    return files.length === 0 ? null : { kind: "files", files };
  }
  if (specifier.startsWith("#")) return ownImport(specifier, from);
  return packageOf(specifier, from);
}

/** Every file that may be meant: which of them is loaded is up to who loads. */
function filesMeant(base: string): string[] {
  const candidates = EXTENSIONS.map((extension) => base + extension);
  for (const [extension, written] of Object.entries(WRITTEN_AS)) {
    if (base.endsWith(extension)) candidates.push(...written.map((other) => base.slice(0, -extension.length) + other));
  }
  return candidates.filter((candidate) => isFile(candidate));
}

function ownImport(specifier: string, from: string): Followed | null {
  try {
    return { kind: "files", files: [createRequire(from).resolve(specifier)] };
  } catch {
    return null;
  }
}

function packageOf(specifier: string, from: string): Followed | null {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  for (let folder = path.dirname(from); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, "node_modules", name, "package.json");
    if (isFile(manifest)) {
      const real = fs.realpathSync(path.dirname(manifest));
      const isLinked = !real.split(path.sep).includes("node_modules");
      return isLinked ? { kind: "files", files: codeIn(real) } : { kind: "package", name, manifest };
    }
    if (path.dirname(folder) === folder) return null;
  }
}

function codeIn(folder: string): string[] {
  const files: string[] = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name.startsWith(".") || files.length >= FILES_MAX) continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) files.push(...codeIn(full));
    else if (entry.isFile() && CODE.test(entry.name)) files.push(full);
  }
  return files.sort();
}

function isFile(file: string): boolean {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
