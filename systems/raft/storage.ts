/**
 * The durable part of a node: a write-ahead log in segments, the extent file, and the latest snapshot.
 *
 * Calls are made one at a time, each awaited before the next: a crash then interrupts one write at most, which is
 * what recovery relies on. A call that rejects leaves the storage unusable: the node has to stop, and boot again.
 *
 * Directory: `identity` (written once, last of all, when the cluster is formed), `extent`, `wal-<number>`, `snapshot-<index>`.
 */
import type { File } from "../../sim/host.ts";
import { ByteWriter, MalformedError } from "./bytes.ts";
import { openChecksum, sealChecksum } from "./codec.ts";
import type { HardState, Unsaved } from "./core.ts";
import { type DiskHost, listDirectory, readFile, removeFile, replaceFile, writeAt } from "./disk-io.ts";
import type { Entry, NodeId, Snapshot } from "./message.ts";
import { EXTENT_NAME, type Recovered, recover, segmentName, segmentOf, UntrustedDiskError } from "./recovery.ts";
import { encodeSnapshot, snapshotIndexOf, snapshotName } from "./snapshot-file.ts";
import { type Batch, encodeBatch, encodeExtentFile, encodeSlot, SLOT_STRIDE } from "./wal-format.ts";

export type StorageInit = {
  readonly host: DiskHost;
  /** An absolute path right below "/". */
  readonly directory: string;
  readonly nodeId: NodeId;
  readonly segmentBytes: number;
  /** Only then may an empty disk be formatted: on any later boot it means that data were lost. */
  readonly isClusterFirst: boolean;
};

export type OpenedStorage = {
  readonly storage: Storage;
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
};

const IDENTITY_NAME = "identity";
const IDENTITY_BYTES = 6;
const FIRST: Recovered = {
  hardState: { term: 0, vote: 0, commit: 0 },
  snapshot: null,
  entries: [],
  lastSegment: 0,
  lastBatch: 0,
};

/**
 * Reads the disk, writes anew what it will rely on, and syncs it: what was read may have been dirty pages of an
 * incarnation whose sync failed. Throws UntrustedDiskError when the node must not take part, DiskError when the disk fails.
 */
export async function openStorage(init: StorageInit): Promise<OpenedStorage> {
  const { host, directory, nodeId } = init;
  const names = await listDirectory(host.disk, directory);
  const identity = names === null ? null : await readFile(host, `${directory}/${IDENTITY_NAME}`);
  const isEmpty = identity === null;
  if (isEmpty && !init.isClusterFirst) {
    throw new UntrustedDiskError("The disk holds no identity, although this is not the first boot of the cluster.");
  }
  if (isEmpty && names === null) await host.disk.mkdir(directory);
  if (!isEmpty) checkIdentity(identity, nodeId);
  const recovered = isEmpty ? FIRST : await recover(host, directory, names ?? []);
  const storage = await Storage.begin(init, recovered, names ?? []);
  if (isEmpty) {
    await host.disk.syncDir("/");
    await replaceFile(host, directory, IDENTITY_NAME, encodeIdentity(nodeId));
  }
  const { hardState, snapshot, entries } = recovered;
  return { storage, hardState, snapshot, entries };
}

function encodeIdentity(nodeId: NodeId): Uint8Array {
  const writer = new ByteWriter(IDENTITY_BYTES);
  writer.skip(4);
  writer.u16(nodeId);
  return sealChecksum(writer.bytes);
}

function checkIdentity(bytes: Uint8Array, nodeId: NodeId): void {
  try {
    const found = openChecksum(bytes).u16();
    if (found !== nodeId) throw new UntrustedDiskError(`The disk belongs to node ${found}, this is node ${nodeId}.`);
  } catch (error) {
    if (error instanceof MalformedError) throw new UntrustedDiskError(`The identity is damaged: ${error.message}`);
    throw error;
  }
}

/** A segment, and where the log ended before it: all entries of older segments are at or below that index. */
type Segment = { readonly number: number; readonly lastIndexBefore: number };

export class Storage {
  readonly #init: StorageInit;
  /** Oldest first; the last one is being written. */
  readonly #segments: Segment[];
  #file: File;
  #extentFile: File;
  // Invariant: the current segment is synced up to #offset whenever no call is under way.
  #offset: number;
  #slot = 0;
  #batchNumber: number;
  #lastIndex: number;
  #base: { readonly index: number; readonly term: number };

  private constructor(init: StorageInit, state: StorageState) {
    this.#init = init;
    this.#segments = [{ number: state.segment, lastIndexBefore: 0 }];
    this.#file = state.file;
    this.#extentFile = state.extentFile;
    this.#offset = state.offset;
    this.#batchNumber = state.batchNumber;
    this.#lastIndex = state.lastIndex;
    this.#base = state.base;
  }

  /** Writes a snapshot and a first segment that hold everything, then forgets the files before. */
  static async begin(init: StorageInit, recovered: Recovered, oldNames: readonly string[]): Promise<Storage> {
    const { host, directory } = init;
    const { snapshot, entries, hardState } = recovered;
    if (snapshot !== null) await replaceFile(host, directory, snapshotName(snapshot.index), encodeSnapshot(snapshot));
    const segment = recovered.lastSegment + 1;
    const base = { index: snapshot?.index ?? 0, term: snapshot?.term ?? 0 };
    const batchNumber = recovered.lastBatch + 1;
    const bytes = encodeBatch({
      segment,
      number: batchNumber,
      syncedBytes: 0,
      isCheckpoint: true,
      ...hardState,
      baseIndex: base.index,
      baseTerm: base.term,
      lastIndexBefore: base.index,
      entries,
    });
    await replaceFile(host, directory, segmentName(segment), bytes);
    await replaceFile(host, directory, EXTENT_NAME, encodeExtentFile({ segment, bytes: bytes.length }));
    for (const name of oldNames)
      if (isObsolete(name, segment, base.index)) await removeFile(host.disk, `${directory}/${name}`);
    const file = await host.disk.open(`${directory}/${segmentName(segment)}`);
    const extentFile = await host.disk.open(`${directory}/${EXTENT_NAME}`);
    const lastIndex = base.index + entries.length;
    return new Storage(init, { segment, file, extentFile, offset: bytes.length, batchNumber, lastIndex, base });
  }

  /** Makes a batch durable; everything saved before it is confirmed by that. Rejects with DiskError. */
  async save(unsaved: Unsaved): Promise<void> {
    if (this.#offset >= this.#init.segmentBytes) await this.#nextSegment();
    const bytes = encodeBatch(this.#batchOf(unsaved));
    const isFirst = this.#offset === 0;
    await writeAt(this.#init.host, this.#file, this.#offset, bytes);
    await this.#file.sync();
    // The name of a new segment has to be durable as well.
    if (isFirst) await this.#init.host.disk.syncDir(this.#init.directory);
    this.#offset += bytes.length;
  }

  #batchOf(unsaved: Unsaved): Batch {
    const { term, vote, commit, entries, lastIndex } = unsaved;
    const lastIndexBefore = this.#lastIndex;
    this.#batchNumber += 1;
    this.#lastIndex = lastIndex;
    return {
      segment: this.#current.number,
      number: this.#batchNumber,
      syncedBytes: this.#offset,
      isCheckpoint: false,
      term,
      vote,
      commit,
      baseIndex: this.#base.index,
      baseTerm: this.#base.term,
      lastIndexBefore,
      entries,
    };
  }

  get #current(): Segment {
    return this.#segments[this.#segments.length - 1]!;
  }

  async #nextSegment(): Promise<void> {
    const { host, directory } = this.#init;
    const number = this.#current.number + 1;
    const file = await host.disk.open(`${directory}/${segmentName(number)}`, { create: true });
    await this.#file.close();
    host.mark("raft.segment-changed");
    this.#segments.push({ number, lastIndexBefore: this.#lastIndex });
    this.#file = file;
    this.#offset = 0;
  }

  /** Records durably that everything saved is synced: only then may it be acknowledged. Rejects with DiskError. */
  async confirm(): Promise<void> {
    this.#slot = 1 - this.#slot;
    const slot = encodeSlot({ segment: this.#current.number, bytes: this.#offset });
    await writeAt(this.#init.host, this.#extentFile, this.#slot * SLOT_STRIDE, slot);
    await this.#extentFile.sync();
  }

  /** Makes a snapshot durable, and drops the older one and the segments that it covers. Rejects with DiskError. */
  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { host, directory } = this.#init;
    const olderIndex = this.#base.index;
    await replaceFile(host, directory, snapshotName(snapshot.index), encodeSnapshot(snapshot));
    this.#base = { index: snapshot.index, term: snapshot.term };
    if (olderIndex > 0 && olderIndex !== snapshot.index) {
      await removeFile(host.disk, `${directory}/${snapshotName(olderIndex)}`);
    }
    // A segment goes when the next one began within what the snapshot covers.
    while (this.#segments.length > 1 && this.#segments[1]!.lastIndexBefore <= snapshot.index) {
      const [oldest] = this.#segments.splice(0, 1);
      await removeFile(host.disk, `${directory}/${segmentName(oldest!.number)}`);
    }
  }
}

type StorageState = {
  readonly segment: number;
  readonly file: File;
  readonly extentFile: File;
  readonly offset: number;
  readonly batchNumber: number;
  readonly lastIndex: number;
  readonly base: { readonly index: number; readonly term: number };
};

function isObsolete(name: string, segment: number, snapshotIndex: number): boolean {
  const oldSegment = segmentOf(name);
  const oldSnapshot = snapshotIndexOf(name);
  return (
    (oldSegment !== null && oldSegment < segment) ||
    (oldSnapshot !== null && oldSnapshot < snapshotIndex) ||
    name.endsWith(".tmp")
  );
}
