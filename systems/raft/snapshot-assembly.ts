/** Puts the chunks of a snapshot together, in order, one transfer at a time. */
import { crc32 } from "./bytes.ts";
import type { Snapshot, SnapshotChunk } from "./message.ts";

/** A snapshot larger than this is refused. */
export const SNAPSHOT_BYTES_MAX: number = 268_435_456;

type Transfer = { readonly first: SnapshotChunk; readonly data: Uint8Array; received: number };

export type AssemblyStep = {
  /** Where the next chunk has to begin; the length of the whole once it is complete. */
  readonly nextOffset: number;
  readonly complete: Snapshot | null;
  /** All bytes came, but they are not what the leader announced. */
  readonly isDamaged: boolean;
};

export class SnapshotAssembly {
  #transfer: Transfer | null = null;

  add(chunk: SnapshotChunk): AssemblyStep {
    const transfer = this.#transferOf(chunk);
    if (transfer === null) return { nextOffset: 0, complete: null, isDamaged: false };
    if (chunk.offset === transfer.received) {
      transfer.data.set(chunk.data, chunk.offset);
      transfer.received += chunk.data.length;
    }
    const { first, data, received } = transfer;
    if (received < first.totalBytes) return { nextOffset: received, complete: null, isDamaged: false };
    this.#transfer = null;
    if (crc32(data) !== first.snapshotChecksum) return { nextOffset: 0, complete: null, isDamaged: true };
    const complete = { index: first.snapshotIndex, term: first.snapshotTerm, data, checksum: first.snapshotChecksum };
    return { nextOffset: first.totalBytes, complete, isDamaged: false };
  }

  /** The transfer that a chunk belongs to, a new one for a first chunk, or null: begin again. */
  #transferOf(chunk: SnapshotChunk): Transfer | null {
    const isInside = chunk.offset + chunk.data.length <= chunk.totalBytes && chunk.totalBytes <= SNAPSHOT_BYTES_MAX;
    if (!isInside) return null;
    if (this.#transfer !== null && isSameTransfer(this.#transfer.first, chunk)) return this.#transfer;
    if (chunk.offset !== 0) return null;
    this.#transfer = { first: chunk, data: new Uint8Array(chunk.totalBytes), received: 0 };
    return this.#transfer;
  }
}

function isSameTransfer(a: SnapshotChunk, b: SnapshotChunk): boolean {
  return (
    a.from === b.from &&
    a.term === b.term &&
    a.snapshotIndex === b.snapshotIndex &&
    a.snapshotTerm === b.snapshotTerm &&
    a.snapshotChecksum === b.snapshotChecksum &&
    a.totalBytes === b.totalBytes
  );
}
