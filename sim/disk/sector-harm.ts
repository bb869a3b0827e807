/**
 * Harm to sectors: what the device returns instead of what a correct one would.
 *
 * The page buffers always hold the pristine bytes; harm lies over them, so reads of a bad sector are sticky, each wrong
 * byte can be told from the right one, and a rewrite heals exactly what it covers (TigerBeetle's storage keeps
 * misdirected writes as overlays in the same way). Clean sectors count as evicted from the cache: they show the harm
 * of the device. Dirty ones show what a partial overwrite left of it.
 */
import type { ActiveFault } from "../kernel.ts";
import type { FileData } from "./file-data.ts";
import { SECTORS_PER_PAGE } from "./options.ts";

export type SectorHarm = {
  /** The last fault that hurt the sector: differences that are seen count for it. */
  readonly fault: ActiveFault;
  /** Reads fail until the sector is rewritten. */
  readonly isLatent: boolean;
  /** 1 at each byte for which the device returns `seen`. */
  readonly mask: Uint8Array;
  readonly seen: Uint8Array;
};

export function latentHarm(fault: ActiveFault, sectorBytes: number): SectorHarm {
  return { fault, isLatent: true, mask: new Uint8Array(sectorBytes), seen: new Uint8Array(sectorBytes) };
}

/** Harm that shows `bytes` from byte `from` of the sector on, on top of the harm that was there. */
export function replacingHarm(
  fault: ActiveFault,
  sectorBytes: number,
  before: SectorHarm | undefined,
  from: number,
  bytes: Uint8Array,
): SectorHarm {
  const mask = new Uint8Array(sectorBytes);
  const seen = new Uint8Array(sectorBytes);
  if (before !== undefined) {
    mask.set(before.mask);
    seen.set(before.seen);
  }
  mask.fill(1, from, from + bytes.length);
  seen.set(bytes, from);
  return { fault, isLatent: before?.isLatent ?? false, mask, seen };
}

/** What is left of a sector's harm when bytes [from, to) of it are rewritten. */
function trimHarm(harm: SectorHarm, from: number, to: number): SectorHarm | null {
  const mask = harm.mask.slice();
  mask.fill(0, from, to);
  return mask.includes(1) ? { fault: harm.fault, isLatent: false, mask, seen: harm.seen } : null;
}

export function isSectorDirty(data: FileData, sector: number): boolean {
  const page = data.pages.get(Math.floor(sector / SECTORS_PER_PAGE));
  return page !== undefined && ((page.dirty >>> (sector % SECTORS_PER_PAGE)) & 1) === 1;
}

/** The harm that a read of this sector meets now. */
export function harmInView(data: FileData, sector: number): SectorHarm | undefined {
  if (isSectorDirty(data, sector)) return data.dirtyHarm?.get(sector);
  return data.orphans?.has(sector) ? undefined : data.harm?.get(sector);
}

export function setHarm(data: FileData, sector: number, harm: SectorHarm): void {
  data.harm ??= new Map();
  data.harm.set(sector, harm);
}

export function setDirtyHarm(data: FileData, sector: number, harm: SectorHarm): void {
  data.dirtyHarm ??= new Map();
  data.dirtyHarm.set(sector, harm);
}

/** Before bytes [offset, end) are written: the harm of what they cover goes, that of the rest of each sector stays. */
export function coverHarm(data: FileData, offset: number, end: number): void {
  const { sectorBytes } = data.space;
  for (const sector of harmedSectors(data)) {
    const start = sector * sectorBytes;
    if (start >= end || start + sectorBytes <= offset) continue;
    const harm = harmInView(data, sector);
    if (harm === undefined) continue;
    const rest = trimHarm(harm, Math.max(0, offset - start), Math.min(sectorBytes, end - start));
    if (rest === null) data.dirtyHarm?.delete(sector);
    else setDirtyHarm(data, sector, rest);
  }
}

/** Dirty sectors of a page were written to the device: their harm is now the device's. */
export function settleHarm(data: FileData, pageIndex: number, dirty: number): void {
  for (let s = 0; s < SECTORS_PER_PAGE; s += 1) {
    if (((dirty >>> s) & 1) === 0) continue;
    const sector = pageIndex * SECTORS_PER_PAGE + s;
    const rest = data.dirtyHarm?.get(sector);
    data.harm?.delete(sector);
    if (rest === undefined) continue;
    data.dirtyHarm?.delete(sector);
    setHarm(data, sector, rest);
  }
  if (data.harm?.size === 0) data.harm = null;
  if (data.dirtyHarm?.size === 0) data.dirtyHarm = null;
}

/** Sectors with any harm, on the device or in the cache, each once. */
export function harmedSectors(data: FileData): readonly number[] {
  const sectors = data.harm === null ? [] : [...data.harm.keys()];
  if (data.dirtyHarm !== null) {
    for (const sector of data.dirtyHarm.keys()) if (!data.harm?.has(sector)) sectors.push(sector);
  }
  return sectors;
}

/** Shows the harm in `out`, whose first byte is at file offset `outOffset`. True when a byte changed; unreadable bytes become 0. */
export function viewHarm(harm: SectorHarm, out: Uint8Array, sectorStart: number, outOffset: number): boolean {
  let isChanged = false;
  const first = Math.max(0, outOffset - sectorStart);
  const last = Math.min(harm.mask.length, outOffset + out.length - sectorStart);
  for (let i = first; i < last; i += 1) {
    if (!harm.isLatent && harm.mask[i] === 0) continue;
    const shown = harm.isLatent ? 0 : harm.seen[i]!; // mask and seen have the same length.
    const position = sectorStart + i - outOffset;
    if (out[position] !== shown) isChanged = true;
    out[position] = shown;
  }
  return isChanged;
}

/** The fault of the first unreadable sector that a read of [offset, end) meets. */
export function firstLatent(data: FileData, offset: number, end: number): ActiveFault | null {
  if (data.harm === null || offset >= end) return null;
  const { sectorBytes } = data.space;
  let first = Number.POSITIVE_INFINITY;
  for (const [sector, harm] of data.harm) {
    const isInRange = sector * sectorBytes < end && (sector + 1) * sectorBytes > offset;
    if (harm.isLatent && isInRange && sector < first && harmInView(data, sector) === harm) first = sector;
  }
  return data.harm.get(first)?.fault ?? null;
}

/** The fault of an unreadable sector of which a write to [offset, end) covers only a part of the file's bytes. */
export function latentUnderPartialWrite(data: FileData, offset: number, end: number): ActiveFault | null {
  if (data.harm === null || offset >= end) return null;
  const { sectorBytes } = data.space;
  for (const sector of [Math.floor(offset / sectorBytes), Math.floor((end - 1) / sectorBytes)]) {
    const harm = harmInView(data, sector);
    const start = sector * sectorBytes;
    const isWhole = offset <= start && Math.min(start + sectorBytes, data.size) <= end;
    if (harm?.isLatent === true && !isWhole) return harm.fault;
  }
  return null;
}

/** Shows all harm in the bytes of a read at `offset`. Returns the faults that changed a byte, once for each sector. */
export function showHarm(data: FileData, offset: number, bytes: Uint8Array): readonly ActiveFault[] {
  const faults: ActiveFault[] = [];
  const { sectorBytes } = data.space;
  for (const sector of harmedSectors(data)) {
    const start = sector * sectorBytes;
    if (start >= offset + bytes.length || start + sectorBytes <= offset) continue;
    const harm = harmInView(data, sector);
    if (harm !== undefined && viewHarm(harm, bytes, start, offset)) faults.push(harm.fault);
  }
  return faults;
}
