/**
 * Strikes on stored sectors: rot, latent errors, phantom and misdirected writes. Each leaves harm over pristine bytes.
 */
import { scale } from "../hash.ts";
import { type ActiveFault, type Consumer, type Kernel, PURPOSE } from "../kernel.ts";
import type { FileData } from "./file-data.ts";
import { SECTORS_PER_PAGE } from "./options.ts";
import { mixOrdinal } from "./paths.ts";
import { harmInView, latentHarm, replacingHarm, setDirtyHarm, setHarm, viewHarm } from "./sector-harm.ts";

export type StoredFile = { readonly path: string; readonly data: FileData };
type StoredSector = { readonly file: StoredFile; readonly sector: number };

export type Striker = { readonly kernel: Kernel; readonly consumer: Consumer };

/** The sectors that hold durable bytes, in the order of the files and then of the sectors. */
function storedSectors(files: readonly StoredFile[]): StoredSector[] {
  const all: StoredSector[] = [];
  for (const file of files) {
    const { pages, stableSize, space } = file.data;
    for (const index of [...pages.keys()].sort((a, b) => a - b)) {
      if (pages.get(index)?.stable === null) continue;
      for (let s = 0; s < SECTORS_PER_PAGE; s += 1) {
        const sector = index * SECTORS_PER_PAGE + s;
        if (sector * space.sectorBytes < stableSize) all.push({ file, sector });
      }
    }
  }
  return all;
}

/** Takes `count` different sectors, or all when there are fewer. */
function pickSectors(
  striker: Striker,
  files: readonly StoredFile[],
  count: number,
  salt: number,
  purpose: number,
): StoredSector[] {
  const left = storedSectors(files);
  const picked: StoredSector[] = [];
  for (let i = 0; i < count && left.length > 0; i += 1) {
    const bits = striker.kernel.outcome(striker.consumer, mixOrdinal(salt, i, 0), purpose);
    picked.push(...left.splice(scale(bits, left.length), 1));
  }
  return picked;
}

/** What the device returns for a sector, its harm included, up to the durable end. */
function deviceBytes({ file, sector }: StoredSector): Uint8Array {
  const { data } = file;
  const { sectorBytes } = data.space;
  const start = (sector % SECTORS_PER_PAGE) * sectorBytes;
  const stable = data.pages.get(Math.floor(sector / SECTORS_PER_PAGE))?.stable;
  const bytes = stable?.slice(start, start + sectorBytes) ?? new Uint8Array(sectorBytes);
  const harm = data.harm?.get(sector);
  if (harm !== undefined) viewHarm({ ...harm, isLatent: false }, bytes, 0, 0);
  return bytes.subarray(0, Math.min(sectorBytes, data.stableSize - sector * sectorBytes));
}

/** Flips bits of stored sectors. Returns the paths that were hit. */
export function strikeRot(
  striker: Striker,
  files: readonly StoredFile[],
  strike: { readonly fault: ActiveFault; readonly sectors: number; readonly bits: number },
): readonly string[] {
  const { kernel, consumer } = striker;
  const hits = pickSectors(striker, files, strike.sectors, strike.fault.index, PURPOSE.diskRot);
  for (const [i, hit] of hits.entries()) {
    const { data } = hit.file;
    const bytes = deviceBytes(hit);
    const bits = Math.min(strike.bits, bytes.length * 8);
    const flipped = new Set<number>();
    for (let draw = 0; flipped.size < bits; draw += 1) {
      const outcome = kernel.outcome(consumer, mixOrdinal(strike.fault.index, i, draw + 1), PURPOSE.diskRotBit);
      // After many collisions the next free bit is taken, so that the loop ends.
      let bit = scale(outcome, bytes.length * 8);
      while (draw > 64 && flipped.has(bit)) bit = (bit + 1) % (bytes.length * 8);
      flipped.add(bit);
    }
    for (const bit of flipped) bytes[bit >>> 3]! ^= 1 << (bit & 7); // Below the length: scaled.
    setHarm(
      data,
      hit.sector,
      replacingHarm(strike.fault, data.space.sectorBytes, data.harm?.get(hit.sector), 0, bytes),
    );
    kernel.mark("disk.rot");
  }
  return hits.map((hit) => hit.file.path);
}

/** Makes stored sectors unreadable. Returns the paths that were hit. */
export function strikeLatent(
  striker: Striker,
  files: readonly StoredFile[],
  strike: { readonly fault: ActiveFault; readonly sectors: number },
): readonly string[] {
  const hits = pickSectors(striker, files, strike.sectors, strike.fault.index, PURPOSE.diskLatent);
  for (const { file, sector } of hits) {
    setHarm(file.data, sector, latentHarm(strike.fault, file.data.space.sectorBytes));
    striker.kernel.mark("disk.latent");
  }
  return hits.map((hit) => hit.file.path);
}

/** Calls back for each sector of [offset, offset + bytes.length): its number, the first byte in it, and its part of the bytes. */
function eachPart(
  sectorBytes: number,
  offset: number,
  bytes: Uint8Array,
  visit: (sector: number, from: number, part: Uint8Array) => void,
): void {
  const end = offset + bytes.length;
  for (let position = offset; position < end; ) {
    const sector = Math.floor(position / sectorBytes);
    const from = position - sector * sectorBytes;
    const count = Math.min(sectorBytes - from, end - position);
    visit(sector, from, bytes.subarray(position - offset, position - offset + count));
    position += count;
  }
}

/** After a write that was acknowledged and not done: the written sectors go on showing `before`. True when that differs. */
export function hideWrite(
  data: FileData,
  offset: number,
  before: Uint8Array,
  written: Uint8Array,
  fault: ActiveFault,
): boolean {
  let isDifferent = false;
  for (let i = 0; i < written.length && !isDifferent; i += 1) isDifferent = before[i] !== written[i];
  if (!isDifferent) return false;
  const { sectorBytes } = data.space;
  eachPart(sectorBytes, offset, before, (sector, from, part) => {
    setDirtyHarm(data, sector, replacingHarm(fault, sectorBytes, harmInView(data, sector), from, part));
  });
  return true;
}

/** Where a misdirected write of so many bytes at this offset lands: another place of its file, else of another file; null: outside all. */
export function misdirectTarget(
  striker: Striker,
  write: { readonly own: StoredFile; readonly offset: number; readonly length: number; readonly ordinal: number },
  files: readonly StoredFile[],
): { readonly file: StoredFile; readonly offset: number } | null {
  const { own, offset, length, ordinal } = write;
  const { sectorBytes } = own.data.space;
  const inSector = offset % sectorBytes;
  const places = (file: StoredFile): number[] => {
    const starts: number[] = [];
    for (let at = inSector; at + length <= file.data.stableSize; at += sectorBytes) {
      if (file !== own || Math.abs(at - offset) >= sectorBytes) starts.push(at);
    }
    return starts;
  };
  const others = files.filter((file) => file.data !== own.data && places(file).length > 0);
  const bits = striker.kernel.outcome(striker.consumer, ordinal, PURPOSE.diskMisdirectTarget);
  const ownPlaces = places(own);
  const file = ownPlaces.length > 0 ? own : others[scale(bits, others.length)];
  if (file === undefined) return null;
  const starts = file === own ? ownPlaces : places(file);
  const pick = striker.kernel.outcome(striker.consumer, ordinal, PURPOSE.diskPick);
  return { file, offset: starts[scale(pick, starts.length)]! }; // Not empty: filtered.
}

/** The device now shows `bytes` at a place where they were not meant to go. */
export function landWrite(data: FileData, offset: number, bytes: Uint8Array, fault: ActiveFault): void {
  const { sectorBytes } = data.space;
  eachPart(sectorBytes, offset, bytes, (sector, from, part) => {
    setHarm(data, sector, replacingHarm(fault, sectorBytes, data.harm?.get(sector), from, part.slice()));
  });
}
