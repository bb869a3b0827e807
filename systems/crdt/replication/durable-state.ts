/**
 * The state of a replica on its disk: a snapshot and a journal of what was joined since, as a pair of files with one number.
 *
 * A boot begins a new pair, so a torn end of a journal is never appended to. The old pair goes once the new one is durable by name.
 * A snapshot that fails its checksum counts as lost: the peers have what was acknowledged. Any error of the disk is thrown: the
 * host crashes rather than go on after a failed sync.
 */
import { DiskError, type File, type Host } from "../../../sim/host.ts";
import { type CrdtType, decodeState, encodeState } from "../crdt.ts";
import { frame, readFrames } from "./frame.ts";

const FOLDER = "/crdt";

export class DurableState<S, O> {
  readonly #host: Host;
  readonly #type: CrdtType<S, O>;
  #number: number;
  #journal: File;
  #journalBytes = 0;
  /** Frames that wait for the next write, and those who wait for it. */
  #waiting: { readonly bytes: Uint8Array; readonly done: () => void }[] = [];
  #isWriting = false;

  private constructor(host: Host, type: CrdtType<S, O>, number: number, journal: File) {
    this.#host = host;
    this.#type = type;
    this.#number = number;
    this.#journal = journal;
  }

  /** Loads what is on the disk and begins a new pair of files. */
  static async open<S, O>(
    host: Host,
    type: CrdtType<S, O>,
  ): Promise<{ readonly disk: DurableState<S, O>; readonly state: S }> {
    await makeFolder(host);
    const numbers = numbersOf(await host.disk.list(FOLDER));
    const state = type.create();
    for (const number of numbers) await loadPair(host, type, state, number);
    const number = (numbers.at(-1) ?? 0) + 1;
    const journal = await beginPair(host, type, state, number);
    await removePairs(host, numbers);
    return { disk: new DurableState(host, type, number, journal), state };
  }

  get journalBytes(): number {
    return this.#journalBytes;
  }

  /** True when all that was appended is durable. */
  get isIdle(): boolean {
    return !this.#isWriting && this.#waiting.length === 0;
  }

  /** Resolves once the encoded delta is durable. Deltas that come while others are written share one sync. */
  append(delta: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ bytes: frame(delta), done });
      if (!this.#isWriting) this.#host.spawn("journal", () => this.#writeWaiting());
    });
  }

  /** Replaces the journal by a snapshot; what is appended meanwhile goes to the new journal. `state` must hold all that was appended. */
  async compact(state: S): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const old = this.#number;
    await this.#journal.close();
    this.#journal = await beginPair(this.#host, this.#type, state, old + 1);
    this.#number = old + 1;
    this.#journalBytes = 0;
    await removePairs(this.#host, [old]);
    this.#isWriting = false;
    await this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const { bytes } of batch) {
        await this.#journal.append(bytes);
        this.#journalBytes += bytes.length;
      }
      await this.#journal.sync();
      for (const { done } of batch) done();
    }
    this.#isWriting = false;
  }
}

const statePath = (number: number): string => `${FOLDER}/state-${number}`;
const journalPath = (number: number): string => `${FOLDER}/journal-${number}`;

async function makeFolder(host: Host): Promise<void> {
  try {
    await host.disk.mkdir(FOLDER);
    await host.disk.syncDir("/");
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "EEXIST") throw error;
  }
}

/** The numbers of the snapshots on the disk, ascending. */
function numbersOf(names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const match = /^(?:state|journal)-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Joins what can be read: joining twice, or an old pair, does no harm. */
async function loadPair<S, O>(host: Host, type: CrdtType<S, O>, state: S, number: number): Promise<void> {
  for (const path of [statePath(number), journalPath(number)]) {
    const { payloads, isWhole } = readFrames(await readWhole(host, path));
    if (!isWhole) host.mark("crdt.torn-file");
    for (const payload of payloads) type.merge(state, decodeState(type, payload));
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

async function beginPair<S, O>(host: Host, type: CrdtType<S, O>, state: S, number: number): Promise<File> {
  const temporary = `${FOLDER}/new`;
  const snapshot = await host.disk.open(temporary, { create: true });
  await snapshot.truncate(0);
  await snapshot.append(frame(encodeState(type, state)));
  await snapshot.sync();
  await snapshot.close();
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
