/** Records of members: made once by the node that they are about, then shared by everybody who hears of them. */
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import type { MemberRecord, RecordVersion } from "../membership.ts";
import { sizeOfText, sizeOfTexts, sizeOfUint } from "../wire.ts";

/** `activeView` must be sorted, and is kept. */
export function makeRecord(version: RecordVersion, activeView: readonly string[]): MemberRecord {
  const { node, epoch, clock } = version;
  return { node, epoch, clock, activeView, sizeBytes: versionSize(version) + sizeOfTexts(activeView) };
}

/** Above zero when `a` is newer: by epoch, then by clock. */
export function compareVersions(a: RecordVersion, b: RecordVersion): number {
  return a.epoch - b.epoch || a.clock - b.clock;
}

export function equalViews(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function versionSize({ node, epoch, clock }: RecordVersion): number {
  return sizeOfText(node) + sizeOfUint(epoch) + sizeOfUint(clock);
}

export function writeVersion(writer: ByteWriter, { node, epoch, clock }: RecordVersion): void {
  writer.text(node);
  writer.uint(epoch);
  writer.uint(clock);
}

export function readVersion(reader: ByteReader): RecordVersion {
  return { node: reader.text("a node"), epoch: reader.uint("an epoch"), clock: reader.uint("a clock") };
}

export function writeRecord(writer: ByteWriter, record: MemberRecord): void {
  writeVersion(writer, record);
  writer.uint(record.activeView.length);
  for (const peer of record.activeView) writer.text(peer);
}

export function readRecord(reader: ByteReader): MemberRecord {
  const version = readVersion(reader);
  const activeView: string[] = [];
  const count = reader.count("the number of neighbours", 1);
  for (let i = 0; i < count; i++) {
    const peer = reader.text("a neighbour");
    if (i > 0 && activeView[i - 1]! >= peer) reader.fail("the neighbours are not ascending.");
    activeView.push(peer);
  }
  return makeRecord(version, activeView);
}
