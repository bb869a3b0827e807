/**
 * A disk in memory for tests of the storage layer: it crashes at a chosen operation, and a power loss then decides for
 * every unsynced sector, length and name what is left.
 */
import { type Disk, DiskError, type File } from "../../sim/host.ts";
import { TestRandom } from "./cluster.fixture.ts";

const SECTOR = 512;

/** Thrown by the operation at which the machine stops. */
export class CrashError extends Error {
  constructor() {
    super("The machine stopped.");
    this.name = "CrashError";
  }
}

type Inode = { cache: Uint8Array; durable: Uint8Array };

export class FakeDisk implements Disk {
  /** Names as programs see them, and as they are after a power loss. */
  #names: Map<string, Inode> = new Map();
  #durableNames: Map<string, Inode> = new Map();
  readonly #directories: Set<string> = new Set(["/"]);
  /** Changing operations so far. */
  operations = 0;
  /** The changing operation that stops the machine half way; 0: none. */
  crashAt = 0;
  readonly #random: TestRandom;

  constructor(seed: number) {
    this.#random = new TestRandom(seed);
  }

  /** True when this operation is the last one, which may still take effect in part. */
  #isCrashing(): boolean {
    this.operations += 1;
    return this.operations === this.crashAt;
  }

  #stepOrCrash(): void {
    if (this.#isCrashing()) throw new CrashError();
  }

  /** What a power loss leaves: nothing unsynced, all of it, or any part. */
  losePower(mood: "lost" | "kept" | "mixed"): void {
    const isKept = (): boolean => mood === "kept" || (mood === "mixed" && this.#random.below(2) === 0);
    const names = new Map(this.#durableNames);
    for (const [name, inode] of this.#names) if (names.get(name) !== inode && isKept()) names.set(name, inode);
    for (const name of this.#durableNames.keys()) if (!this.#names.has(name) && isKept()) names.delete(name);
    for (const inode of new Set(names.values())) this.#judge(inode, mood, isKept);
    this.#names = new Map(names);
    this.#durableNames = names;
  }

  #judge(inode: Inode, mood: "lost" | "kept" | "mixed", isKept: () => boolean): void {
    const { cache, durable } = inode;
    const length = isKept() ? cache.length : durable.length;
    const left = new Uint8Array(length);
    for (let at = 0; at < length; at += SECTOR) {
      const end = Math.min(at + SECTOR, length);
      const isTorn = mood === "mixed" && this.#random.below(4) === 0;
      const source = isKept() ? cache : durable;
      for (let i = at; i < end; i += 1) {
        const isDirty = cache[i] !== durable[i];
        left[i] = isTorn && isDirty ? this.#random.below(256) : (source[i] ?? 0);
      }
    }
    inode.cache = left;
    inode.durable = left.slice();
  }

  /** Flips a bit of what is stored, as rot does. */
  flip(path: string, bit: number): void {
    const { cache } = this.#inode(path);
    cache[bit >> 3]! ^= 1 << (bit & 7);
  }

  /** A copy whose changes leave this disk alone. */
  fork(seed: number): FakeDisk {
    const copy = new FakeDisk(seed);
    const inodes = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      let same = inodes.get(inode);
      if (same === undefined) {
        same = { cache: inode.cache.slice(), durable: inode.durable.slice() };
        inodes.set(inode, same);
      }
      return same;
    };
    for (const [name, inode] of this.#names) copy.#names.set(name, copyOf(inode));
    for (const [name, inode] of this.#durableNames) copy.#durableNames.set(name, copyOf(inode));
    for (const directory of this.#directories) copy.#directories.add(directory);
    return copy;
  }

  get paths(): readonly string[] {
    return [...this.#names.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  sizeOf(path: string): number {
    return this.#inode(path).cache.length;
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new DiskError("ENOENT", path);
    return inode;
  }

  async open(path: string, options: { readonly create?: boolean } = {}): Promise<File> {
    if (!this.#names.has(path)) {
      if (options.create !== true) throw new DiskError("ENOENT", path);
      this.#stepOrCrash();
      this.#names.set(path, { cache: new Uint8Array(0), durable: new Uint8Array(0) });
    }
    return this.#file(path, this.#inode(path));
  }

  #file(path: string, inode: Inode): File {
    return {
      path,
      read: async ({ offset, length }) => inode.cache.slice(offset, offset + length),
      write: async (offset, bytes) => {
        const isCrashing = this.#isCrashing();
        const count = isCrashing ? this.#random.below(bytes.length + 1) : bytes.length;
        const grown = new Uint8Array(Math.max(inode.cache.length, offset + count));
        grown.set(inode.cache);
        grown.set(bytes.subarray(0, count), offset);
        inode.cache = grown;
        if (isCrashing) throw new CrashError();
      },
      append: async () => {
        throw new DiskError("EINVAL", "this fixture has no append");
      },
      truncate: async (length) => {
        this.#stepOrCrash();
        inode.cache = inode.cache.slice(0, length);
      },
      sync: async () => {
        this.#stepOrCrash();
        inode.durable = inode.cache.slice();
      },
      size: async () => inode.cache.length,
      close: async () => undefined,
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#stepOrCrash();
    this.#names.set(to, this.#inode(from));
    this.#names.delete(from);
  }

  async unlink(path: string): Promise<void> {
    this.#inode(path);
    this.#stepOrCrash();
    this.#names.delete(path);
  }

  async mkdir(path: string): Promise<void> {
    this.#stepOrCrash();
    this.#directories.add(path);
  }

  async rmdir(path: string): Promise<void> {
    this.#directories.delete(path);
  }

  async list(path: string): Promise<readonly string[]> {
    if (!this.#directories.has(path)) throw new DiskError("ENOENT", path);
    return this.paths.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
  }

  async syncDir(path: string): Promise<void> {
    this.#stepOrCrash();
    const isInside = (name: string): boolean => name.startsWith(path === "/" ? path : `${path}/`);
    for (const name of [...this.#durableNames.keys()]) if (isInside(name)) this.#durableNames.delete(name);
    for (const [name, inode] of this.#names) if (isInside(name)) this.#durableNames.set(name, inode);
  }
}
