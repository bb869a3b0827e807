/** Small files that must be whole or absent: written beside the old one, synced, renamed over it, and the name synced. */
import { DiskError, type File, type Host } from "../../sim/host.ts";

/** Makes a folder below the root; no-op when it is there. */
export async function makeFolder(host: Host, folder: string): Promise<void> {
  try {
    await host.disk.mkdir(folder);
    await host.disk.syncDir("/");
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "EEXIST") throw error;
  }
}

/** All bytes of a file; none when there is no such file. */
export async function readWhole(host: Host, path: string): Promise<Uint8Array> {
  let file: File;
  try {
    file = await host.disk.open(path);
  } catch (error) {
    if (error instanceof DiskError && error.code === "ENOENT") return new Uint8Array(0);
    throw error;
  }
  const bytes = new Uint8Array(await file.size());
  let offset = 0;
  while (offset < bytes.length) {
    const part = await file.read({ offset, length: bytes.length - offset });
    if (part.length === 0) break;
    bytes.set(part, offset);
    offset += part.length;
  }
  await file.close();
  return bytes.subarray(0, offset);
}

/** The new contents are durable, under this name, when the promise resolves. */
export async function replaceFile(
  host: Host,
  where: { readonly folder: string; readonly name: string },
  bytes: Uint8Array,
): Promise<void> {
  const temporary = `${where.folder}/new`;
  const file = await host.disk.open(temporary, { create: true });
  await file.truncate(0);
  await file.append(bytes);
  await file.sync();
  await file.close();
  await host.disk.rename(temporary, `${where.folder}/${where.name}`);
  await host.disk.syncDir(where.folder);
}

export async function removeFile(host: Host, path: string): Promise<void> {
  try {
    await host.disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "ENOENT") throw error;
  }
}

/** Runs disk work of a layer; a failing disk ends the process: after an error nothing may be assumed about what was written. */
export function spawnDisk(host: Host, name: string, task: () => Promise<void>): void {
  host.spawn(name, async () => {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      host.exit(`${name}: ${error.message}`);
    }
  });
}

/**
 * Puts the kind of its file before a payload. A frame that a disk has written to the wrong place has a good checksum, and may even
 * decode: only its kind tells that it belongs elsewhere.
 */
export function labelled(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + payload.length);
  bytes[0] = kind;
  bytes.set(payload, 1);
  return bytes;
}

/** The payload; null when it is of another kind. */
export function unlabelled(kind: number, bytes: Uint8Array): Uint8Array | null {
  return bytes[0] === kind ? bytes.subarray(1) : null;
}

/** Kinds of framed files, never renumbered. */
export const FILE_KIND = { epoch: 0xe1, kv: 0xe2 } as const;
