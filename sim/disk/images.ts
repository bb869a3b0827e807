/**
 * Images of what was durable at a moment, for rollbacks: a disk, or some of its files, that reverts to an older state.
 */
import { createFileData, type FileData, type Space, stableBytes, writeBytes } from "./file-data.ts";
import { createDirectory, type DirectoryNode, eachFile } from "./names.ts";

/** A copy of a file's durable bytes, all of them stable again. Its harm becomes part of the bytes. */
function copyStable(data: FileData, space: Space): FileData {
  const copy = createFileData(space, data.key);
  writeBytes(copy, 0, stableBytes(data));
  for (const index of copy.dirtyPages) {
    const page = copy.pages.get(index)!; // Listed pages exist.
    page.stable = page.cache.slice();
    page.dirty = 0;
  }
  copy.dirtyPages.length = 0;
  // An image takes no room on the disk; the pages are counted when it becomes the disk.
  space.usedPages -= copy.pages.size;
  copy.size = data.stableSize;
  copy.stableSize = data.stableSize;
  return copy;
}

/** A copy of the durable names and bytes below a directory. */
export function copyImage(directory: DirectoryNode, space: Space): DirectoryNode {
  const copy = createDirectory();
  for (const [name, node] of directory.stable) {
    const inside = node.isDirectory
      ? copyImage(node, space)
      : { isDirectory: false as const, data: copyStable(node.data, space), openCount: 0, isLinked: true };
    copy.stable.set(name, inside);
    copy.entries.set(name, inside);
  }
  return copy;
}

/** Puts the contents that files have in the image back into the files of the same path that exist now. */
export function restoreFiles(root: DirectoryNode, image: DirectoryNode, reaches: (path: string) => boolean): void {
  const old = new Map<string, FileData>();
  eachFile(image, "stable", (path, file) => {
    if (reaches(path)) old.set(path, file.data);
  });
  eachFile(root, "entries", (path, file) => {
    const from = old.get(path);
    if (from !== undefined) become(file.data, copyStable(from, from.space));
  });
}

function become(data: FileData, image: FileData): void {
  data.size = image.size;
  data.stableSize = image.stableSize;
  data.pages.clear();
  for (const [index, page] of image.pages) data.pages.set(index, page);
  data.dirtyPages.length = 0;
  data.harm = null;
  data.dirtyHarm = null;
  data.orphans = null;
  data.claims = null;
  data.claimedSize = null;
}

/** The contents of all files, by path, through the names that programs see or the durable ones. */
export function contentsOf(
  root: DirectoryNode,
  which: "entries" | "stable",
  read: (data: FileData) => Uint8Array,
): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  eachFile(root, which, (path, file) => {
    contents.set(path, read(file.data));
  });
  return contents;
}

export function isSameContents(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false;
  for (const [path, bytes] of b) if (!isEqual(a.get(path), bytes)) return false;
  return true;
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
