/**
 * The views on disk: one file, replaced as a whole. They are hints for the next boot and no promise, so whatever the disk does to them
 * costs a join at most: what cannot be read counts as absent, what cannot be written is tried again.
 *
 * A replacement is written to a file beside it, synced, renamed over it, and the folder is synced: power loss leaves the old views or the new.
 */
import { DiskError, type File, type Host } from "../../../sim/host.ts";
import { openMessage, readTexts, sealMessage, writeTexts } from "../wire.ts";

const VERSION = 1;

export type ViewFileOptions = { readonly path: string; readonly saveUs: number };

export class ViewFile {
  readonly #host: Host;
  readonly #options: ViewFileOptions;
  readonly #names: () => readonly string[];
  #isDirty = false;
  #isBusy = false;

  /** `names` gives what shall be kept, when it is written. */
  constructor(host: Host, options: ViewFileOptions, names: () => readonly string[]) {
    this.#host = host;
    this.#options = options;
    this.#names = names;
  }

  /** To be called after every change; writes once for all changes of a while. */
  changed(): void {
    this.#isDirty = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#host.timers.after(this.#options.saveUs, () => this.#save());
  }

  async #save(): Promise<void> {
    const { path } = this.#options;
    const { disk } = this.#host;
    this.#isDirty = false;
    const bytes = sealMessage(VERSION, (writer) => writeTexts(writer, this.#names()));
    try {
      await withFile(await disk.open(`${path}.new`, { create: true }), async (file) => {
        await file.truncate(0);
        await file.write(0, bytes);
        await file.sync();
      });
      await disk.rename(`${path}.new`, path);
      await disk.syncDir(path.slice(0, path.lastIndexOf("/")) || "/");
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#host.mark("overlay.views-not-saved");
      this.#isDirty = true;
    }
    this.#isBusy = false;
    if (this.#isDirty) this.#schedule();
  }
}

/** The names that the last boot kept; none when there is no whole file. */
export async function loadViews(host: Host, path: string): Promise<readonly string[]> {
  try {
    const bytes = await withFile(await host.disk.open(path), readAll);
    return openMessage(bytes, (version, reader) => {
      if (version !== VERSION) reader.failBefore(`version ${version} is unknown.`);
      return readTexts(reader, "names");
    });
  } catch (error) {
    if (!(error instanceof DiskError && error.code === "ENOENT")) host.mark("overlay.views-unreadable");
    return [];
  }
}

async function readAll(file: File): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.size());
  let offset = 0;
  while (offset < bytes.length) {
    const part = await file.read({ offset, length: bytes.length - offset });
    if (part.length === 0) break;
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

async function withFile<T>(file: File, use: (file: File) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
