/**
 * The views on disk: one file, replaced as a whole. They are hints for the next boot and no promise, so whatever the
 * disk does to them costs a join at most: what cannot be read counts as absent, what cannot be written is tried
 * again.
 */
import { DiskError, type Host } from "../../../sim/host.ts";
import { makeFolder, readWhole, replaceFile } from "../files.ts";
import { openMessage, readTexts, sealMessage, writeTexts } from "../wire.ts";

const VERSION = 1;
const NAME = "views";

export type ViewFileOptions = { readonly folder: string; readonly saveUs: number };

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
    this.#isDirty = false;
    const bytes = sealMessage(VERSION, (writer) => writeTexts(writer, this.#names()));
    try {
      const { folder } = this.#options;
      await makeFolder(this.#host, folder);
      await replaceFile(this.#host, { folder, name: NAME }, bytes);
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
export async function loadViews(host: Host, folder: string): Promise<readonly string[]> {
  try {
    const bytes = await readWhole(host, `${folder}/${NAME}`);
    if (bytes.length === 0) return [];
    return openMessage(bytes, (version, reader) => {
      if (version !== VERSION) reader.failBefore(`version ${version} is unknown.`);
      return readTexts(reader, "names");
    });
  } catch {
    // The disk refused it, or it is damaged.
    host.mark("overlay.views-unreadable");
    return [];
  }
}
