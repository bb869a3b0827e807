/**
 * What each operation does when it is served: the file system's work, bent by the faults that are active.
 */
import { type FileData, isClean, makeStable } from "./file-data.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import type { Operation } from "./service-queue.ts";

export class DiskEffects {
  readonly #files: FileSystem;
  /** Counts what may have changed the durable state. */
  durableVersion = 0;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  open(_operation: Operation, path: string, isCreating: boolean, isExclusive: boolean): OpenFile {
    return this.#files.open(path, isCreating, isExclusive);
  }

  close(file: OpenFile): void {
    this.#files.close(file);
  }

  read(_operation: Operation, file: OpenFile, offset: number, length: number): Uint8Array {
    return this.#files.read(file, offset, length);
  }

  write(_operation: Operation, file: OpenFile, offset: number, bytes: Uint8Array): void {
    this.#files.write(file, offset, bytes);
  }

  append(operation: Operation, file: OpenFile, bytes: Uint8Array): number {
    const offset = file.node.data.size;
    this.write(operation, file, offset, bytes);
    return offset;
  }

  truncate(_operation: Operation, file: OpenFile, length: number): void {
    this.#files.truncate(file, length);
  }

  sync(_operation: Operation, file: OpenFile): void {
    this.#files.require(file, "sync");
    this.#makeStable(file.node.data);
  }

  size(_operation: Operation, file: OpenFile): number {
    this.#files.require(file, "size");
    return file.node.data.size;
  }

  rename(_operation: Operation, from: string, to: string): void {
    this.#files.rename(from, to);
  }

  unlink(_operation: Operation, path: string): void {
    this.#files.unlink(path);
  }

  mkdir(_operation: Operation, path: string): void {
    this.#files.mkdir(path);
  }

  rmdir(_operation: Operation, path: string): void {
    this.#files.rmdir(path);
  }

  list(_operation: Operation, path: string): readonly string[] {
    return this.#files.names.list(path);
  }

  syncDir(_operation: Operation, path: string): void {
    this.#files.names.sync(this.#files.names.directory("syncDir", path));
    this.durableVersion += 1;
  }

  #makeStable(data: FileData): void {
    if (isClean(data)) return;
    makeStable(data);
    this.durableVersion += 1;
  }
}
