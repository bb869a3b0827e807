/**
 * The bytes of one file: what programs see (the cache) and what the device holds (stable), in pages of eight sectors.
 *
 * A page is made when a byte of it is first written, so holes cost nothing and an append touches one page. The cache and the
 * stable copy have buffers of their own: a sync copies dirty sectors and allocates nothing in the steady state.
 */
import type { ActiveFault } from "../kernel.ts";
import { SECTORS_PER_PAGE } from "./options.ts";
import type { SectorHarm } from "./sector-harm.ts";
import { coverHarm, settleHarm, viewHarm } from "./sector-harm.ts";

export type Page = {
  readonly cache: Uint8Array;
  /** Null while nothing of the page is stable: zeros. */
  stable: Uint8Array | null;
  /** Bit s: sector s of the page was changed since it was last made stable. */
  dirty: number;
};

/** What all files of a disk share: sizes, and the count of pages in use. */
export type Space = {
  readonly sectorBytes: number;
  readonly pageBytes: number;
  usedPages: number;
};

/** Bytes that a sync claimed and that are not stable: if a power loss takes them, the fault has shown. */
export type Claim = { readonly fault: ActiveFault; readonly bytes: Uint8Array };

export type FileData = {
  readonly space: Space;
  /** Names the file in keyed outcomes: a hash of the path it was created at. */
  readonly key: number;
  size: number;
  stableSize: number;
  readonly pages: Map<number, Page>;
  /** Pages with a dirty sector, each once, in the order in which they became dirty. */
  dirtyPages: number[];
  /** What is wrong with sectors on the device; null while nothing is. */
  harm: Map<number, SectorHarm> | null;
  /** What is wrong with the view of dirty sectors: none, or what a partial overwrite left of it. */
  dirtyHarm: Map<number, SectorHarm> | null;
  /** Sectors whose dirty mark a failed sync dropped: the cache has the new bytes, no later sync writes them. */
  orphans: Map<number, ActiveFault> | null;
  claims: Map<number, Claim> | null;
  /** The length that a sync claimed without making it stable. */
  claimedSize: { readonly fault: ActiveFault; readonly size: number } | null;
};

export function createFileData(space: Space, key: number): FileData {
  return {
    space,
    key,
    size: 0,
    stableSize: 0,
    pages: new Map(),
    dirtyPages: [],
    harm: null,
    dirtyHarm: null,
    orphans: null,
    claims: null,
    claimedSize: null,
  };
}

export function isClean(data: FileData): boolean {
  return data.dirtyPages.length === 0 && data.size === data.stableSize && data.orphans === null;
}

/** The pages of [offset, end) that a write would have to allocate. */
export function missingPages(data: FileData, offset: number, end: number): number {
  const { pageBytes } = data.space;
  let count = 0;
  for (let index = Math.floor(offset / pageBytes); index * pageBytes < end; index += 1) {
    if (!data.pages.has(index)) count += 1;
  }
  return count;
}

function pageAt(data: FileData, index: number): Page {
  const found = data.pages.get(index);
  if (found !== undefined) return found;
  const page: Page = { cache: new Uint8Array(data.space.pageBytes), stable: null, dirty: 0 };
  data.pages.set(index, page);
  data.space.usedPages += 1;
  return page;
}

function markDirty(data: FileData, index: number, page: Page, fromByte: number, toByte: number): void {
  const { sectorBytes } = data.space;
  const first = Math.floor(fromByte / sectorBytes);
  const last = Math.floor((toByte - 1) / sectorBytes);
  if (page.dirty === 0) data.dirtyPages.push(index);
  page.dirty |= (2 << last) - (1 << first);
  if (data.orphans !== null) {
    // Written again: the kernel marks the whole page dirty, so the next sync writes what the failed one dropped.
    for (let s = first; s <= last; s += 1) data.orphans.delete(index * SECTORS_PER_PAGE + s);
    if (data.orphans.size === 0) data.orphans = null;
  }
}

/** Writes into the cache and grows the file; the caller has checked that there is room. */
export function writeBytes(data: FileData, offset: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const { pageBytes } = data.space;
  const end = offset + bytes.length;
  if (data.harm !== null || data.dirtyHarm !== null) coverHarm(data, offset, end);
  for (let position = offset; position < end; ) {
    const index = Math.floor(position / pageBytes);
    const from = position - index * pageBytes;
    const count = Math.min(pageBytes - from, end - position);
    const page = pageAt(data, index);
    const start = position - offset;
    page.cache.set(count === bytes.length ? bytes : bytes.subarray(start, start + count), from);
    markDirty(data, index, page, from, from + count);
    position += count;
  }
  if (end > data.size) data.size = end;
}

/** The bytes of [offset, offset + length) as a program reads them, short at the end of the file; harm is not applied. */
export function readCache(data: FileData, offset: number, length: number): Uint8Array {
  const end = Math.min(offset + length, data.size);
  if (end <= offset) return new Uint8Array(0);
  const { pageBytes } = data.space;
  const index = Math.floor(offset / pageBytes);
  if (end <= (index + 1) * pageBytes) {
    const page = data.pages.get(index);
    return page === undefined
      ? new Uint8Array(end - offset)
      : page.cache.slice(offset - index * pageBytes, end - index * pageBytes);
  }
  const out = new Uint8Array(end - offset);
  for (let position = offset; position < end; ) {
    const pageIndex = Math.floor(position / pageBytes);
    const from = position - pageIndex * pageBytes;
    const count = Math.min(pageBytes - from, end - position);
    const page = data.pages.get(pageIndex);
    if (page !== undefined) out.set(page.cache.subarray(from, from + count), position - offset);
    position += count;
  }
  return out;
}

/** Shrinks or extends the file in the cache. */
export function truncateData(data: FileData, length: number): void {
  const { pageBytes } = data.space;
  if (length < data.size) {
    if (data.harm !== null || data.dirtyHarm !== null) coverHarm(data, length, data.size);
    for (const [index, page] of data.pages) {
      const start = index * pageBytes;
      if (start + pageBytes <= length || start >= data.size) continue;
      if (page.stable === null && start >= length) {
        forgetPage(data, index, page);
        continue;
      }
      const from = Math.max(0, length - start);
      const to = Math.min(pageBytes, data.size - start);
      page.cache.fill(0, from, to);
      markDirty(data, index, page, from, to);
    }
  }
  data.size = length;
}

function forgetPage(data: FileData, index: number, page: Page): void {
  if (page.dirty !== 0) {
    data.dirtyPages = data.dirtyPages.filter((dirty) => dirty !== index);
    page.dirty = 0;
  }
  data.pages.delete(index);
  data.space.usedPages -= 1;
  for (let s = index * SECTORS_PER_PAGE; s < (index + 1) * SECTORS_PER_PAGE; s += 1) {
    data.harm?.delete(s);
    data.dirtyHarm?.delete(s);
    data.orphans?.delete(s);
    data.claims?.delete(s);
  }
}

/** Makes the contents and the length stable. Sectors that a failed sync orphaned stay as they are. */
export function makeStable(data: FileData): void {
  const { sectorBytes, pageBytes } = data.space;
  const isShrinking = data.size < data.stableSize;
  for (const index of data.dirtyPages) {
    const page = data.pages.get(index)!; // A forgotten page leaves the list.
    const first = 31 - Math.clz32(page.dirty & -page.dirty);
    const last = 31 - Math.clz32(page.dirty);
    page.stable ??= new Uint8Array(pageBytes);
    if (page.dirty === (2 << last) - (1 << first)) {
      page.stable.set(page.cache.subarray(first * sectorBytes, (last + 1) * sectorBytes), first * sectorBytes);
    } else {
      for (let s = first; s <= last; s += 1) {
        if (((page.dirty >>> s) & 1) === 1) copySector(page.stable, page.cache, s, sectorBytes);
      }
    }
    if (data.harm !== null || data.dirtyHarm !== null) settleHarm(data, index, page.dirty);
    page.dirty = 0;
  }
  data.dirtyPages.length = 0;
  data.stableSize = data.size;
  if (isShrinking) dropPagesBeyond(data, data.size);
}

export function copySector(to: Uint8Array, from: Uint8Array, sector: number, sectorBytes: number): void {
  to.set(from.subarray(sector * sectorBytes, (sector + 1) * sectorBytes), sector * sectorBytes);
}

/** Frees whole pages at or after `length`. */
export function dropPagesBeyond(data: FileData, length: number): void {
  for (const [index, page] of data.pages) {
    if (index * data.space.pageBytes >= length) forgetPage(data, index, page);
  }
}

/** The bytes on the device, as a boot after a power loss that keeps nothing unsynced would read them; unreadable sectors are zeros. */
export function stableBytes(data: FileData): Uint8Array {
  const { pageBytes } = data.space;
  const out = new Uint8Array(data.stableSize);
  for (const [index, page] of data.pages) {
    const start = index * pageBytes;
    if (page.stable === null || start >= data.stableSize) continue;
    const count = Math.min(pageBytes, data.stableSize - start);
    out.set(count === pageBytes ? page.stable : page.stable.subarray(0, count), start);
  }
  if (data.harm !== null) {
    for (const [sector, harm] of data.harm) viewHarm(harm, out, sector * data.space.sectorBytes, 0);
  }
  return out;
}

function cachedSector(data: FileData, sector: number): Uint8Array {
  const { sectorBytes } = data.space;
  const page = data.pages.get(Math.floor(sector / SECTORS_PER_PAGE));
  const start = (sector % SECTORS_PER_PAGE) * sectorBytes;
  return page === undefined ? new Uint8Array(sectorBytes) : page.cache.slice(start, start + sectorBytes);
}

function dirtySectors(data: FileData): number[] {
  const sectors: number[] = [];
  for (const index of data.dirtyPages) {
    const dirty = data.pages.get(index)!.dirty; // Listed pages exist.
    for (let s = 0; s < SECTORS_PER_PAGE; s += 1) {
      if (((dirty >>> s) & 1) === 1) sectors.push(index * SECTORS_PER_PAGE + s);
    }
  }
  return sectors;
}

/** A sync that lied: remembers what it claimed. The sectors stay dirty, so that a later honest sync writes them. */
export function claimDirty(data: FileData, fault: ActiveFault): void {
  data.claims ??= new Map();
  for (const sector of dirtySectors(data)) data.claims.set(sector, { fault, bytes: cachedSector(data, sector) });
  data.claimedSize = { fault, size: data.size };
}

/** A sync that failed: the cache keeps the bytes, and forgets that they must be written. True when the device lacks any of them. */
export function orphanDirty(data: FileData, fault: ActiveFault): boolean {
  const { sectorBytes } = data.space;
  let isLacking = false;
  for (const sector of dirtySectors(data)) {
    const page = data.pages.get(Math.floor(sector / SECTORS_PER_PAGE))!; // It has a dirty sector.
    const start = (sector % SECTORS_PER_PAGE) * sectorBytes;
    let isEqual = true;
    for (let i = start; i < start + sectorBytes && isEqual; i += 1) isEqual = page.cache[i] === (page.stable?.[i] ?? 0);
    data.dirtyHarm?.delete(sector);
    if (isEqual) continue;
    isLacking = true;
    data.orphans ??= new Map();
    data.orphans.set(sector, fault);
  }
  for (const index of data.dirtyPages) data.pages.get(index)!.dirty = 0; // Listed pages exist.
  data.dirtyPages.length = 0;
  return isLacking;
}

/** A sync said success: it claims also what an earlier failed sync dropped. */
export function addOrphanClaims(data: FileData): void {
  if (data.orphans === null) return;
  data.claims ??= new Map();
  for (const [sector, fault] of data.orphans) data.claims.set(sector, { fault, bytes: cachedSector(data, sector) });
}
