/**
 * The Disk interface on Node's own fs, in a temporary directory: what the simulated disk is compared with.
 */
import { constants, type promises } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareCodePoints, splitPath } from "../../sim/disk/paths.ts";
import { type Disk, DiskError, type DiskErrorCode, type File } from "../../sim/host.ts";

const CODES: ReadonlySet<string> = new Set([
  "ENOENT",
  "EEXIST",
  "EIO",
  "ENOSPC",
  "EISDIR",
  "ENOTDIR",
  "ENOTEMPTY",
  "EBADF",
  "EINVAL",
] satisfies DiskErrorCode[]);

function isDiskCode(code: unknown): code is DiskErrorCode {
  return typeof code === "string" && CODES.has(code);
}

export class NodeDisk implements Disk {
  readonly #root: string;
  /** Operations run one after the other, as on the simulated disk. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #handles: promises.FileHandle[] = [];

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(): Promise<NodeDisk> {
    return new NodeDisk(await mkdtemp(join(tmpdir(), "seedbed-disk-")));
  }

  async remove(): Promise<void> {
    for (const handle of this.#handles) if (handle.fd >= 0) await handle.close();
    await rm(this.#root, { recursive: true });
  }

  open(path: string, options: { readonly create?: boolean; readonly exclusive?: boolean } = {}): Promise<File> {
    return this.#next(async () => {
      if (options.exclusive && !options.create) throw new DiskError("EINVAL", "exclusive without create");
      const flags =
        constants.O_RDWR | (options.create ? constants.O_CREAT : 0) | (options.exclusive ? constants.O_EXCL : 0);
      return this.#file(path, await open(this.#real(path), flags));
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#next(() => rename(this.#real(from), this.#real(to)));
  }

  unlink(path: string): Promise<void> {
    return this.#next(() => unlink(this.#real(path)));
  }

  mkdir(path: string): Promise<void> {
    return this.#next(() => mkdir(this.#real(path)));
  }

  rmdir(path: string): Promise<void> {
    return this.#next(() => rmdir(this.#real(path)));
  }

  list(path: string): Promise<readonly string[]> {
    return this.#next(async () => (await readdir(this.#real(path))).sort(compareCodePoints));
  }

  syncDir(path: string): Promise<void> {
    return this.#next(async () => {
      const handle = await open(this.#real(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  #file(path: string, handle: promises.FileHandle): File {
    this.#handles.push(handle);
    return {
      path,
      read: ({ offset, length }) =>
        this.#next(async () => {
          requireCounts(offset, length);
          const buffer = new Uint8Array(length);
          let count = 0;
          while (count < length) {
            const { bytesRead } = await handle.read(buffer, count, length - count, offset + count);
            if (bytesRead === 0) break;
            count += bytesRead;
          }
          return buffer.slice(0, count);
        }),
      write: (offset, bytes) => this.#next(() => writeAll(handle, offset, bytes)),
      append: (bytes) =>
        this.#next(async () => {
          const { size } = await handle.stat();
          await writeAll(handle, size, bytes);
          return size;
        }),
      truncate: (length) =>
        this.#next(() => {
          requireCounts(length);
          return handle.truncate(length);
        }),
      sync: () => this.#next(() => handle.sync()),
      size: () => this.#next(async () => (await handle.stat()).size),
      close: () =>
        this.#next(async () => {
          // Node lets a handle be closed twice; a file descriptor cannot be.
          if (handle.fd < 0) throw new DiskError("EBADF", "the file is closed");
          await handle.close();
        }),
    };
  }

  #real(path: string): string {
    return join(this.#root, ...splitPath(path));
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work).catch((error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (error instanceof DiskError || !isDiskCode(code)) throw error;
      throw new DiskError(code, String(error));
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Node throws its own error for numbers that the system call would refuse. */
function requireCounts(...values: readonly number[]): void {
  for (const value of values) {
    if (!Number.isSafeInteger(value) || value < 0) throw new DiskError("EINVAL", `${value} is no count of bytes`);
  }
}

async function writeAll(handle: promises.FileHandle, offset: number, bytes: Uint8Array): Promise<void> {
  requireCounts(offset);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
