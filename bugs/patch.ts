/**
 * Applies a unified diff to files in memory. A hunk is placed where its context and removed lines stand, wherever they have moved to,
 * but only if that is exactly one place: a patch that could mean two things does not apply.
 */

/** A patch that does not fit the present sources. */
export class PatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PatchError";
  }
}

type Hunk = { readonly before: readonly string[]; readonly after: readonly string[] };
type FilePatch = { readonly path: string; readonly hunks: readonly Hunk[] };

/** Reads a unified diff. Throws PatchError when it is none. */
export function parsePatch(text: string): FilePatch[] {
  const files: { path: string; hunks: { before: string[]; after: string[] }[] }[] = [];
  let hunk: { before: string[]; after: string[] } | null = null;
  for (const line of text.split("\n")) {
    if (line.startsWith("+++ ")) {
      files.push({ path: line.slice(4).replace(/^b\//, "").trim(), hunks: [] });
      hunk = null;
    } else if (line.startsWith("@@")) {
      const file = files.at(-1);
      if (file === undefined) throw new PatchError("a hunk stands before the name of its file");
      hunk = { before: [], after: [] };
      file.hunks.push(hunk);
    } else if (hunk !== null && /^[ +-]/.test(line) && !line.startsWith("--- ")) {
      if (line[0] !== "+") hunk.before.push(line.slice(1));
      if (line[0] !== "-") hunk.after.push(line.slice(1));
    }
  }
  if (files.length === 0 || files.some(({ hunks }) => hunks.length === 0))
    throw new PatchError("this is no unified diff");
  return files;
}

/** Applies the patch; `read` gives a file's text. Returns the new texts by path. Throws PatchError naming file and lines. */
export function applyPatch(text: string, read: (path: string) => string): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const { path, hunks } of parsePatch(text)) {
    let lines = (result.get(path) ?? read(path)).split("\n");
    for (const hunk of hunks) lines = applyHunk(path, lines, hunk);
    result.set(path, lines.join("\n"));
  }
  return result;
}

function applyHunk(path: string, lines: readonly string[], { before, after }: Hunk): string[] {
  const places: number[] = [];
  for (let start = 0; start + before.length <= lines.length; start++) {
    if (before.every((line, i) => lines[start + i] === line)) places.push(start);
  }
  if (places.length !== 1) {
    const first = before.find((line) => line.trim() !== "") ?? "";
    throw new PatchError(
      `${path}: a hunk fits in ${places.length} places, expected one; it begins with ${JSON.stringify(first.trim())}`,
    );
  }
  const at = places[0]!;
  return [...lines.slice(0, at), ...after, ...lines.slice(at + before.length)];
}
