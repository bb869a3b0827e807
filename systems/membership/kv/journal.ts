/**
 * Entries on the disk: a snapshot and a journal of what came since, as a pair of files with one number, in frames with checksums.
 *
 * A boot begins a new pair, so a torn end of a journal is never appended to; the old pair goes once the new one is durable by name. Entries
 * of several files of one key are joined, so it does no harm to read an old pair as well. A disk that fails ends the process.
 */
import type { File, Host } from "../../../sim/host.ts";
import { frame, readFrames } from "../../crdt/replication/frame.ts";
import {
  FILE_KIND,
  labelled,
  makeFolder,
  readWhole,
  removeFile,
  replaceFile,
  spawnDisk,
  unlabelled,
} from "../files.ts";

type Waiting = { readonly bytes: Uint8Array; readonly done: () => void };

export type Loaded = {
  /** The payloads of all frames that can be read, oldest first. */
  readonly payloads: readonly Uint8Array[];
  readonly numbers: readonly number[];
};

export async function loadJournal(host: Host, folder: string): Promise<Loaded> {
  await makeFolder(host, folder);
  const numbers = numbersOf(await host.disk.list(folder));
  const payloads: Uint8Array[] = [];
  for (const number of numbers) {
    for (const name of [snapshotName(number), journalName(number)]) {
      const file = readFrames(await readWhole(host, `${folder}/${name}`));
      const own = file.payloads.flatMap((payload) => unlabelled(FILE_KIND.kv, payload) ?? []);
      if (!file.isWhole || own.length < file.payloads.length) host.mark("kv.torn-file");
      payloads.push(...own);
    }
  }
  return { payloads, numbers };
}

export type JournalOptions = {
  readonly folder: string;
  readonly journalBytesMax: number;
  /** Everything that was appended so far, or what it became. */
  readonly snapshot: () => readonly Uint8Array[];
};

export class KvJournal {
  readonly #host: Host;
  readonly #options: JournalOptions;
  #number: number;
  #journal: File;
  #journalBytes = 0;
  #waiting: Waiting[] = [];
  #isWriting = false;

  private constructor(host: Host, options: JournalOptions, number: number, journal: File) {
    this.#host = host;
    this.#options = options;
    this.#number = number;
    this.#journal = journal;
  }

  /** Begins a new pair after what was loaded. */
  static async begin(host: Host, options: JournalOptions, loaded: readonly number[]): Promise<KvJournal> {
    const number = (loaded.at(-1) ?? 0) + 1;
    const journal = await beginPair(host, options, number);
    await removePairs(host, options.folder, loaded);
    return new KvJournal(host, options, number, journal);
  }

  /** Resolves once the bytes are durable. What comes while others are written shares one sync. */
  append(bytes: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ bytes: frame(labelled(FILE_KIND.kv, bytes)), done });
      if (!this.#isWriting) spawnDisk(this.#host, "kv", () => this.#writeWaiting());
    });
  }

  async #writeWaiting(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      if (this.#journalBytes > this.#options.journalBytesMax) await this.#compact();
      for (const { bytes } of batch) {
        await this.#journal.append(bytes);
        this.#journalBytes += bytes.length;
      }
      await this.#journal.sync();
      for (const { done } of batch) done();
    }
    this.#isWriting = false;
  }

  async #compact(): Promise<void> {
    const old = this.#number;
    await this.#journal.close();
    this.#number = old + 1;
    this.#journal = await beginPair(this.#host, this.#options, this.#number);
    this.#journalBytes = 0;
    await removePairs(this.#host, this.#options.folder, [old]);
    this.#host.mark("kv.journal-replaced");
  }
}

const snapshotName = (number: number): string => `snapshot-${number}`;
const journalName = (number: number): string => `journal-${number}`;

/** The numbers of the pairs on the disk, ascending. */
function numbersOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const match = /^(?:snapshot|journal)-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

async function beginPair(host: Host, { folder, snapshot }: JournalOptions, number: number): Promise<File> {
  const frames = snapshot().map((payload) => frame(labelled(FILE_KIND.kv, payload)));
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const one of frames) {
    bytes.set(one, offset);
    offset += one.length;
  }
  await replaceFile(host, { folder, name: snapshotName(number) }, bytes);
  const journal = await host.disk.open(`${folder}/${journalName(number)}`, { create: true, exclusive: true });
  await host.disk.syncDir(folder);
  return journal;
}

async function removePairs(host: Host, folder: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await removeFile(host, `${folder}/${snapshotName(number)}`);
    await removeFile(host, `${folder}/${journalName(number)}`);
  }
}
