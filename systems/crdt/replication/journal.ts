/**
 * What a replica keeps on its disk: a snapshot and a journal of records since, as a pair of files with one number.
 *
 * A boot begins a new pair, so a torn end of a journal is never appended to. The old pair goes once the new one is durable by name.
 * A file that fails its checksum counts only up to there: the peers have what was acknowledged. Any error of the disk ends this
 * boot, since nothing may be believed after a failed sync; the next one reads what is there.
 */
import { DiskError, type File, type Host } from "../../../sim/host.ts";
import { frame, readFrames } from "./frame.ts";

const FOLDER = "/crdt";

export type JournalOptions = {
  /** Brings in one record while loading. False: it cannot follow what came before, and the rest of its file counts as lost. */
  absorb(record: Uint8Array): boolean;
  /** Records that hold everything absorbed and appended so far. */
  snapshot(): Iterable<Uint8Array>;
};

export class Journal {
  readonly #host: Host;
  readonly #options: JournalOptions;
  #number: number;
  #file: File;
  #bytes = 0;
  #snapshotBytes = 0;
  /** Records that wait for the next write, and those who wait for them. */
  #waiting: { readonly bytes: Uint8Array; readonly done: () => void }[] = [];
  #isWriting = false;

  private constructor(host: Host, options: JournalOptions, number: number, file: File) {
    this.#host = host;
    this.#options = options;
    this.#number = number;
    this.#file = file;
  }

  /** Loads what is on the disk and begins a new pair of files, so all that was absorbed is durable. */
  static open(host: Host, options: JournalOptions): Promise<Journal> {
    return orExit(host, () => Journal.#open(host, options));
  }

  static async #open(host: Host, options: JournalOptions): Promise<Journal> {
    await makeFolder(host);
    const numbers = numbersOf(await host.disk.list(FOLDER));
    for (const number of numbers) {
      for (const path of [statePath(number), journalPath(number)]) await load(host, path, options);
    }
    const number = (numbers.at(-1) ?? 0) + 1;
    const file = await beginPair(host, options.snapshot(), number);
    await removePairs(host, numbers);
    return new Journal(host, options, number, file);
  }

  /** Bytes of records since the last snapshot. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the snapshot that this boot has written last; 0 when it has written none but the first. */
  get snapshotBytes(): number {
    return this.#snapshotBytes;
  }

  /** Resolves, in the order of calls, once the record is durable. Records that come while others are written share one sync. */
  append(record: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ bytes: frame(record), done });
      if (!this.#isWriting) this.#host.spawn("journal", () => this.#writeWaiting());
    });
  }

  /**
   * Replaces the journal by a snapshot taken now; what is appended meanwhile goes to the new journal. Resolves to false, with nothing
   * done, when the journal is being written.
   */
  async compact(): Promise<boolean> {
    if (this.#isWriting) return false;
    this.#isWriting = true;
    const old = this.#number;
    const snapshot = [...this.#options.snapshot()];
    this.#snapshotBytes = snapshot.reduce((sum, record) => sum + record.length, 0);
    await orExit(this.#host, async () => {
      await this.#file.close();
      this.#file = await beginPair(this.#host, snapshot, old + 1);
      this.#number = old + 1;
      this.#bytes = 0;
      await removePairs(this.#host, [old]);
    });
    this.#isWriting = false;
    if (this.#waiting.length > 0) this.#host.spawn("journal", () => this.#writeWaiting());
    return true;
  }

  async #writeWaiting(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await orExit(this.#host, async () => {
        for (const { bytes } of batch) {
          await this.#file.append(bytes);
          this.#bytes += bytes.length;
        }
        await this.#file.sync();
      });
      for (const { done } of batch) done();
    }
    this.#isWriting = false;
  }
}

const statePath = (number: number): string => `${FOLDER}/state-${number}`;
const journalPath = (number: number): string => `${FOLDER}/journal-${number}`;

/** Ends the boot at an error of the disk; the promise then never settles, as nothing of an ended boot does. */
async function orExit<T>(host: Host, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    host.exit(`The disk failed: ${error.message}`);
    return new Promise(() => undefined);
  }
}

/** A boot that ended between the two steps has left a folder whose name may still be lost. */
async function makeFolder(host: Host): Promise<void> {
  try {
    await host.disk.mkdir(FOLDER);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "EEXIST") throw error;
  }
  await host.disk.syncDir("/");
}

/** The numbers of the pairs on the disk, ascending. */
function numbersOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const match = /^(?:state|journal)-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

async function load(host: Host, path: string, { absorb }: JournalOptions): Promise<void> {
  const { payloads, isWhole } = readFrames(await readWhole(host, path));
  if (!isWhole) host.mark("crdt.torn-file");
  for (const payload of payloads) {
    if (absorb(payload)) continue;
    host.mark("crdt.journal-gap");
    return;
  }
}

async function readWhole(host: Host, path: string): Promise<Uint8Array> {
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

async function beginPair(host: Host, snapshot: Iterable<Uint8Array>, number: number): Promise<File> {
  const temporary = `${FOLDER}/new`;
  const file = await host.disk.open(temporary, { create: true });
  await file.truncate(0);
  for (const record of snapshot) await file.append(frame(record));
  await file.sync();
  await file.close();
  await host.disk.rename(temporary, statePath(number));
  const journal = await host.disk.open(journalPath(number), { create: true, exclusive: true });
  await host.disk.syncDir(FOLDER);
  return journal;
}

async function removePairs(host: Host, numbers: readonly number[]): Promise<void> {
  for (const path of numbers.flatMap((number) => [statePath(number), journalPath(number)])) {
    try {
      await host.disk.unlink(path);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "ENOENT") throw error;
    }
  }
}
