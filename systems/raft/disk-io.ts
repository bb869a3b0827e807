/**
 * Reading and writing whole files over Host.disk, with the patience that disks need.
 *
 * Short reads are continued, failed reads tried again a few times, a full disk is waited for. A failed sync is never
 * tried again: the pages may be gone although the next sync says success (fsyncgate), so the caller has to stop.
 */
import { type Disk, DiskError, type File, type Host } from "../../sim/host.ts";

export type DiskHost = Pick<Host, "disk" | "timers" | "mark">;

const READ_ATTEMPTS_MAX = 5;
const FULL_RETRY_US = 100_000;

/** All bytes of a file; null when there is none. Throws DiskError. */
export async function readFile(host: DiskHost, path: string): Promise<Uint8Array | null> {
  const file = await openExisting(host.disk, path);
  if (file === null) return null;
  const size = await file.size();
  const bytes = new Uint8Array(size);
  let at = 0;
  let failures = 0;
  while (at < size) {
    const part = await readOnce(file, at, size - at);
    if (part === null || part.length === 0) {
      failures += 1;
      host.mark("raft.read-retried");
      if (failures === READ_ATTEMPTS_MAX) throw new DiskError("EIO", `${path} cannot be read at offset ${at}`);
      continue;
    }
    bytes.set(part, at);
    at += part.length;
  }
  await file.close();
  return bytes;
}

async function openExisting(disk: Disk, path: string): Promise<File | null> {
  try {
    return await disk.open(path);
  } catch (error) {
    if (error instanceof DiskError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  }
}

async function readOnce(file: File, offset: number, length: number): Promise<Uint8Array | null> {
  try {
    return await file.read({ offset, length });
  } catch (error) {
    if (error instanceof DiskError && error.code === "EIO") return null;
    throw error;
  }
}

/** Writes at an offset; waits while the disk is full, because a write at a fixed offset can be repeated. */
export async function writeAt(host: DiskHost, file: File, offset: number, bytes: Uint8Array): Promise<void> {
  for (;;) {
    try {
      await file.write(offset, bytes);
      return;
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "ENOSPC") throw error;
      host.mark("raft.disk-full");
      await host.timers.sleep(FULL_RETRY_US);
    }
  }
}

/**
 * Puts a whole new file in place, durably and atomically: what is found under `name` afterwards is the old one or the
 * new one, never a mixture.
 */
export async function replaceFile(host: DiskHost, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${directory}/${name}.tmp`;
  const file = await host.disk.open(temporary, { create: true });
  await file.truncate(0);
  await writeAt(host, file, 0, bytes);
  await file.sync();
  await file.close();
  await host.disk.rename(temporary, `${directory}/${name}`);
  await host.disk.syncDir(directory);
}

/** Names in a directory; null when it does not exist. */
export async function listDirectory(disk: Disk, path: string): Promise<readonly string[] | null> {
  try {
    return await disk.list(path);
  } catch (error) {
    if (error instanceof DiskError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  }
}

/** Removes a file that nobody needs any more; whether it was there does not matter. */
export async function removeFile(disk: Disk, path: string): Promise<void> {
  try {
    await disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "ENOENT") throw error;
  }
}
