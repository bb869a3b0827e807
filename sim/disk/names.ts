/**
 * Directories: the names programs see, and those that are durable.
 *
 * Each change of names (create, unlink, mkdir, rmdir, rename) is one atomic operation that waits for the sync of each
 * directory it touches; a rename between two directories waits for both. A power loss keeps or loses each waiting
 * operation. Kept sets are closed under need: an operation on a name needs the earlier waiting operation on that name, the
 * removal of a directory needs all that waits inside it, and moves of directories need each other in order. Within that any
 * subset may happen: ext2 and btrfs persist independent directory operations out of order (Pillai et al., "All File
 * Systems Are Not Created Equal", OSDI 2014, table 1), while a prefix, which is all that ext4 shows, is one of the subsets.
 */
import type { DiskErrorCode } from "../host.ts";
import { DiskError } from "../host.ts";
import type { ActiveFault } from "../kernel.ts";
import type { FileData } from "./file-data.ts";
import { compareCodePoints, splitPath } from "./paths.ts";

export type FileNode = {
  readonly isDirectory: false;
  readonly data: FileData;
  openCount: number;
  /** False once no name leads to it: it goes with its last handle. */
  isLinked: boolean;
};

export type DirectoryNode = {
  readonly isDirectory: true;
  entries: Map<string, Node>;
  /** The durable names. */
  stable: Map<string, Node>;
  pending: NameOperation[];
  /** The last waiting operation on each name. */
  readonly lastByName: Map<string, NameOperation>;
};

export type Node = FileNode | DirectoryNode;

export type NameChange = { readonly directory: DirectoryNode; readonly name: string; readonly after: Node | null };

export type NameOperation = {
  readonly verb: "create" | "mkdir" | "unlink" | "rmdir" | "rename";
  /** Names the operation in keyed outcomes. */
  readonly ordinal: number;
  readonly changes: readonly NameChange[];
  needs: NameOperation[];
  /** Directories that must still be synced. */
  awaits: DirectoryNode[];
  state: "waiting" | "durable" | "lost";
  /** A sync that lied has claimed it. */
  claimedBy: ActiveFault | null;
};

export type Place = { readonly directory: DirectoryNode; readonly name: string; readonly node: Node | undefined };

export function createDirectory(): DirectoryNode {
  return { isDirectory: true, entries: new Map(), stable: new Map(), pending: [], lastByName: new Map() };
}

const REASONS: Readonly<Record<DiskErrorCode, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "it exists",
  EIO: "input/output error",
  ENOSPC: "no space left on the disk",
  EISDIR: "it is a directory",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "the directory is not empty",
  EBADF: "the file is closed",
  EINVAL: "invalid argument",
};

export function diskError(code: DiskErrorCode, verb: string, path: string): DiskError {
  return new DiskError(code, `${verb} ${JSON.stringify(path)}: ${REASONS[code]}`);
}

/** So many operations wait at most: then the journal is full, and the file system commits the older half by itself. */
const WAITING_MAX = 4_096;

export class NameTree {
  readonly #onJournalFull: () => void;
  #root: DirectoryNode = createDirectory();
  #waiting: NameOperation[] = [];
  #operationCount = 0;
  #lastDirectoryMove: NameOperation | null = null;

  constructor(onJournalFull: () => void) {
    this.#onJournalFull = onJournalFull;
  }

  get root(): DirectoryNode {
    return this.#root;
  }

  /** Replaces the whole tree (wipe, rollback). */
  reset(root: DirectoryNode): void {
    this.#root = root;
    this.#waiting = [];
    this.#lastDirectoryMove = null;
  }

  /** Finds the node at a path. Throws ENOENT, ENOTDIR, EINVAL. */
  node(verb: string, path: string): Node {
    let node: Node = this.#root;
    for (const name of splitPath(path)) {
      if (!node.isDirectory) throw diskError("ENOTDIR", verb, path);
      const next: Node | undefined = node.entries.get(name);
      if (next === undefined) throw diskError("ENOENT", verb, path);
      node = next;
    }
    return node;
  }

  directory(verb: string, path: string): DirectoryNode {
    const node = this.node(verb, path);
    if (!node.isDirectory) throw diskError("ENOTDIR", verb, path);
    return node;
  }

  /** Finds where a path's last name is, or would be. Null for "/". Throws ENOENT, ENOTDIR, EINVAL about the way there. */
  place(verb: string, path: string): Place | null {
    const names = splitPath(path);
    if (names.length === 0) return null;
    let directory: DirectoryNode = this.#root;
    for (let i = 0; i < names.length - 1; i += 1) {
      const next = directory.entries.get(names[i]!); // i is below names.length.
      if (next === undefined) throw diskError("ENOENT", verb, path);
      if (!next.isDirectory) throw diskError("ENOTDIR", verb, path);
      directory = next;
    }
    const name = names[names.length - 1]!; // Not empty: checked above.
    return { directory, name, node: directory.entries.get(name) };
  }

  list(path: string): readonly string[] {
    return [...this.directory("list", path).entries.keys()].sort(compareCodePoints);
  }

  /** Applies one atomic operation to the names that programs see; it waits to become durable. */
  apply(verb: NameOperation["verb"], changes: readonly NameChange[], removed: DirectoryNode | null): void {
    this.#operationCount += 1;
    const operation: NameOperation = {
      verb,
      ordinal: this.#operationCount,
      changes,
      needs: [],
      awaits: [],
      state: "waiting",
      claimedBy: null,
    };
    let isDirectoryMove = false;
    for (const { directory, name, after } of changes) {
      const last = directory.lastByName.get(name);
      if (last !== undefined) operation.needs.push(last);
      directory.lastByName.set(name, operation);
      if (!operation.awaits.includes(directory)) {
        operation.awaits.push(directory);
        directory.pending.push(operation);
      }
      if (after === null) directory.entries.delete(name);
      else directory.entries.set(name, after);
      if (verb === "rename" && after?.isDirectory) isDirectoryMove = true;
    }
    if (removed !== null) for (const inside of removed.lastByName.values()) operation.needs.push(inside);
    if (isDirectoryMove) {
      if (this.#lastDirectoryMove !== null) operation.needs.push(this.#lastDirectoryMove);
      this.#lastDirectoryMove = operation;
    }
    this.#waiting.push(operation);
    if (this.#waiting.length > WAITING_MAX) this.#commitOlderHalf();
  }

  #commitOlderHalf(): void {
    this.#onJournalFull();
    const older = this.#waiting.splice(0, WAITING_MAX / 2);
    for (const operation of older) {
      settle(operation);
      for (const { directory } of operation.changes) {
        directory.pending = directory.pending.filter((waiting) => waiting.state === "waiting");
      }
    }
  }

  /** Makes what waits in this directory durable, as far as it does not wait for another one. */
  sync(directory: DirectoryNode): void {
    for (const operation of directory.pending) {
      operation.awaits = operation.awaits.filter((awaited) => awaited !== directory);
      if (operation.awaits.length === 0) settle(operation);
    }
    directory.pending = [];
    // Kept in order, and short: a sync usually settles all that waits.
    this.#waiting = this.#waiting.filter((operation) => operation.state === "waiting");
    if (this.#lastDirectoryMove?.state === "durable") this.#lastDirectoryMove = null;
  }

  /** A sync of the directory that says success and does nothing. Returns how many operations it lied about. */
  claim(directory: DirectoryNode, fault: ActiveFault): number {
    for (const operation of directory.pending) operation.claimedBy ??= fault;
    return directory.pending.length;
  }

  /** Whether a sync has claimed operations that still wait. */
  get hasClaims(): boolean {
    return this.#waiting.some(({ claimedBy }) => claimedBy !== null);
  }

  /** Power loss: keeps or loses what waits, then forgets the names that programs saw. `onLost` hears of each lost operation. */
  judge(isKept: (operation: NameOperation) => boolean, onLost: (operation: NameOperation) => void): void {
    for (const operation of this.#waiting) {
      if (operation.state !== "waiting") continue;
      const canKeep = operation.needs.every((need) => need.state === "durable");
      if (isKept(operation) && canKeep) {
        settle(operation);
      } else {
        operation.state = "lost";
        onLost(operation);
      }
    }
    this.#waiting = [];
    this.#lastDirectoryMove = null;
    forgetCachedNames(this.#root);
  }
}

/** Writes an operation, and before it those it needs, into the durable names. */
function settle(operation: NameOperation): void {
  if (operation.state !== "waiting") return;
  for (const need of operation.needs) settle(need);
  operation.state = "durable";
  operation.needs = [];
  for (const { directory, name, after } of operation.changes) {
    if (after === null) directory.stable.delete(name);
    else directory.stable.set(name, after);
    if (directory.lastByName.get(name) === operation) directory.lastByName.delete(name);
  }
}

/** From here down programs see the durable names again. */
function forgetCachedNames(directory: DirectoryNode): void {
  directory.entries = new Map(directory.stable);
  directory.pending = [];
  directory.lastByName.clear();
  for (const node of directory.entries.values()) if (node.isDirectory) forgetCachedNames(node);
}

/** Calls back for each file below a directory with its path, in code point order of the names. */
export function eachFile(
  directory: DirectoryNode,
  which: "entries" | "stable",
  visit: (path: string, file: FileNode) => void,
  prefix = "",
): void {
  for (const name of [...directory[which].keys()].sort(compareCodePoints)) {
    const node = directory[which].get(name)!; // Just listed.
    if (node.isDirectory) eachFile(node, which, visit, `${prefix}/${name}`);
    else visit(`${prefix}/${name}`, node);
  }
}
