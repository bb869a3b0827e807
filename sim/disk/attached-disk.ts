/**
 * The Disk that one boot of a program holds: each call is submitted to the host's disk and does its work when it is served.
 */
import type { Disk, File } from "../host.ts";
import type { DiskEffects } from "./effects.ts";
import type { OpenFile } from "./file-system.ts";
import { hashPath } from "./paths.ts";
import type { Operation, OperationName } from "./service-queue.ts";

/** Queues one operation of this incarnation: its name, path, hash of the path, bytes to move, and its work. */
export type Submit = <T>(
  name: OperationName,
  path: string,
  pathHash: number,
  length: number,
  effect: (operation: Operation) => T,
) => Promise<T>;

export function attachDisk(effects: DiskEffects, submit: Submit): Disk {
  const submitPath = <T>(name: OperationName, path: string, effect: (operation: Operation) => T): Promise<T> =>
    submit(name, path, hashPath(String(path)), 0, effect);
  return {
    open: (path, options) =>
      submitPath("open", path, (operation) => {
        const file = effects.open(operation, path, options?.create === true, options?.exclusive === true);
        return attachFile(effects, submit, file);
      }),
    rename: (from, to) => submitPath("rename", from, (operation) => effects.rename(operation, from, to)),
    unlink: (path) => submitPath("unlink", path, (operation) => effects.unlink(operation, path)),
    mkdir: (path) => submitPath("mkdir", path, (operation) => effects.mkdir(operation, path)),
    rmdir: (path) => submitPath("rmdir", path, (operation) => effects.rmdir(operation, path)),
    list: (path) => submitPath("list", path, (operation) => effects.list(operation, path)),
    syncDir: (path) => submitPath("syncDir", path, (operation) => effects.syncDir(operation, path)),
  };
}

function attachFile(effects: DiskEffects, submit: Submit, file: OpenFile): File {
  const { path, pathHash } = file;
  return {
    path,
    read: ({ offset, length }) =>
      submit("read", path, pathHash, sane(length), (operation) => effects.read(operation, file, offset, length)),
    write: (offset, bytes) =>
      submit("write", path, pathHash, bytes.length, (operation) => effects.write(operation, file, offset, bytes)),
    append: (bytes) =>
      submit("append", path, pathHash, bytes.length, (operation) => effects.append(operation, file, bytes)),
    truncate: (length) =>
      submit("truncate", path, pathHash, 0, (operation) => effects.truncate(operation, file, length)),
    sync: () => submit("sync", path, pathHash, 0, (operation) => effects.sync(operation, file)),
    size: () => submit("size", path, pathHash, 0, (operation) => effects.size(operation, file)),
    close: () => submit("close", path, pathHash, 0, () => effects.close(file)),
  };
}

/** What a length that makes no sense counts for in latencies: it fails with EINVAL when it is served. */
function sane(length: number): number {
  return Number.isSafeInteger(length) && length > 0 ? Math.min(length, 1 << 20) : 0;
}
