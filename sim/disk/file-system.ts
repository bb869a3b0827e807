/**
 * The file system of one disk: what each operation does to names and bytes, without time, faults or events.
 *
 * Errors are those of POSIX on Linux, in the order in which Linux finds them; the conformance suite compares with Node's fs.
 */
import type { DiskErrorCode } from "../host.ts";
import type { Kernel } from "../kernel.ts";
import { createFileData, missingPages, readCache, type Space, truncateData, writeBytes } from "./file-data.ts";
import { createDirectory, type DirectoryNode, diskError, eachFile, type FileNode, NameTree } from "./names.ts";
import { SECTORS_PER_PAGE } from "./options.ts";
import { hashPath } from "./paths.ts";

/** A handle of the running incarnation. */
export type OpenFile = { readonly path: string; readonly pathHash: number; readonly node: FileNode; isOpen: boolean };

export class FileSystem {
  readonly names: NameTree;
  readonly space: Space;
  readonly #handles: Set<OpenFile> = new Set();
  /** How many pages may be in use now; faults lower it. */
  readonly #pagesMax: () => number;

  constructor(kernel: Kernel, sectorBytes: number, pagesMax: () => number) {
    this.names = new NameTree(() => kernel.mark("disk.journal-full"));
    this.space = { sectorBytes, pageBytes: sectorBytes * SECTORS_PER_PAGE, usedPages: 0 };
    this.#pagesMax = pagesMax;
  }

  open(path: string, isCreating: boolean, isExclusive: boolean): OpenFile {
    if (isExclusive && !isCreating) throw diskError("EINVAL", "open exclusive without create", path);
    const place = this.names.place("open", path);
    if (place === null) throw diskError(isExclusive ? "EEXIST" : "EISDIR", "open", path);
    let node = place.node;
    if (node !== undefined && isExclusive) throw diskError("EEXIST", "open", path);
    if (node?.isDirectory) throw diskError("EISDIR", "open", path);
    const pathHash = hashPath(path);
    if (node === undefined) {
      if (!isCreating) throw diskError("ENOENT", "open", path);
      this.#requireRoom("open", path);
      node = { isDirectory: false, data: createFileData(this.space, pathHash), openCount: 0, isLinked: true };
      this.names.apply("create", [{ directory: place.directory, name: place.name, after: node }], null);
    }
    node.openCount += 1;
    const file: OpenFile = { path, pathHash, node, isOpen: true };
    this.#handles.add(file);
    return file;
  }

  /** Throws EBADF when the handle was closed. */
  require(file: OpenFile, verb: string): void {
    if (!file.isOpen) throw diskError("EBADF", verb, file.path);
  }

  close(file: OpenFile): void {
    this.require(file, "close");
    this.#release(file);
    this.#handles.delete(file);
  }

  #release(file: OpenFile): void {
    file.isOpen = false;
    file.node.openCount -= 1;
    this.#freeIfGone(file.node);
  }

  /** The handles of an incarnation end with it. */
  closeAll(): void {
    for (const file of this.#handles) this.#release(file);
    this.#handles.clear();
  }

  read(file: OpenFile, offset: number, length: number): Uint8Array {
    this.require(file, "read");
    requireRange("read", file.path, offset, length);
    return readCache(file.node.data, offset, length);
  }

  /** Writes all bytes, or as many whole pages of them as there is room for and throws ENOSPC. */
  write(file: OpenFile, offset: number, bytes: Uint8Array): void {
    this.require(file, "write");
    requireRange("write", file.path, offset, bytes.length);
    const { data } = file.node;
    const { pageBytes } = this.space;
    const free = this.#pagesMax() - this.space.usedPages;
    if (Math.floor(bytes.length / pageBytes) + 2 > free && missingPages(data, offset, offset + bytes.length) > free) {
      let end = offset;
      for (
        let index = Math.floor(offset / pageBytes);
        missingPages(data, offset, (index + 1) * pageBytes) <= free;
        index += 1
      ) {
        end = (index + 1) * pageBytes;
      }
      if (end > offset) writeBytes(data, offset, bytes.subarray(0, end - offset));
      throw diskError("ENOSPC", "write", file.path);
    }
    writeBytes(data, offset, bytes);
  }

  truncate(file: OpenFile, length: number): void {
    this.require(file, "truncate");
    requireRange("truncate", file.path, length, 0);
    truncateData(file.node.data, length);
  }

  rename(from: string, to: string): void {
    const source = this.names.place("rename", from);
    const target = this.names.place("rename", to);
    if (source === null || target === null) throw diskError("EINVAL", "rename", from);
    const moved = source.node;
    if (moved === undefined) throw diskError("ENOENT", "rename", from);
    if (moved === target.node) return;
    if (moved.isDirectory && `${to}/`.startsWith(`${from}/`)) throw diskError("EINVAL", "rename", to);
    if (target.node !== undefined) requireReplaceable(moved.isDirectory, target.node, to);
    const replaced = target.node;
    this.names.apply(
      "rename",
      [
        { directory: source.directory, name: source.name, after: null },
        { directory: target.directory, name: target.name, after: moved },
      ],
      replaced?.isDirectory ? replaced : null,
    );
    if (replaced !== undefined && !replaced.isDirectory) this.#unlinked(replaced);
  }

  unlink(path: string): void {
    const place = this.names.place("unlink", path);
    if (place === null) throw diskError("EISDIR", "unlink", path);
    if (place.node === undefined) throw diskError("ENOENT", "unlink", path);
    if (place.node.isDirectory) throw diskError("EISDIR", "unlink", path);
    this.names.apply("unlink", [{ directory: place.directory, name: place.name, after: null }], null);
    this.#unlinked(place.node);
  }

  mkdir(path: string): void {
    const place = this.names.place("mkdir", path);
    if (place === null || place.node !== undefined) throw diskError("EEXIST", "mkdir", path);
    this.#requireRoom("mkdir", path);
    this.names.apply("mkdir", [{ directory: place.directory, name: place.name, after: createDirectory() }], null);
  }

  rmdir(path: string): void {
    const place = this.names.place("rmdir", path);
    if (place === null) throw diskError("EINVAL", "rmdir", path);
    const { node } = place;
    if (node === undefined) throw diskError("ENOENT", "rmdir", path);
    if (!node.isDirectory) throw diskError("ENOTDIR", "rmdir", path);
    if (node.entries.size > 0) throw diskError("ENOTEMPTY", "rmdir", path);
    this.names.apply("rmdir", [{ directory: place.directory, name: place.name, after: null }], node);
  }

  /** Counts pages anew after names or bytes were judged, and drops the handles. */
  recount(root: DirectoryNode): void {
    this.#handles.clear();
    this.space.usedPages = 0;
    eachFile(root, "entries", (_path, file) => {
      file.openCount = 0;
      file.isLinked = true;
      this.space.usedPages += file.data.pages.size;
    });
  }

  #unlinked(node: FileNode): void {
    node.isLinked = false;
    this.#freeIfGone(node);
  }

  /** Gives the room of a file back when neither a name nor a handle leads to it. Its bytes stay: a power loss may bring the name back. */
  #freeIfGone(node: FileNode): void {
    if (!node.isLinked && node.openCount === 0) this.space.usedPages -= node.data.pages.size;
  }

  #requireRoom(verb: string, path: string): void {
    if (this.space.usedPages >= this.#pagesMax()) throw diskError("ENOSPC", verb, path);
  }
}

function requireRange(verb: string, path: string, offset: number, length: number): void {
  const isSane = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0;
  if (!isSane || !Number.isSafeInteger(offset + length)) {
    throw diskError("EINVAL", `${verb} at ${offset}, length ${length}`, path);
  }
}

function requireReplaceable(isMovedDirectory: boolean, target: FileNode | DirectoryNode, to: string): void {
  let code: DiskErrorCode | null = null;
  if (!target.isDirectory) code = isMovedDirectory ? "ENOTDIR" : null;
  else if (!isMovedDirectory) code = "EISDIR";
  else if (target.entries.size > 0) code = "ENOTEMPTY";
  if (code !== null) throw diskError(code, "rename", to);
}
