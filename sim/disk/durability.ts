/**
 * What a power loss leaves of a file.
 *
 * Each unsynced sector is kept, lost or torn, and an unsynced length is kept, lost or (when it grew) kept in part; each by
 * a keyed outcome of its own, so any subset can happen. A mood is drawn for each file and power loss (how likely a sector is
 * kept: 0, 25, 50, 75 or 100 %), because with independent even odds "all of it" and "none of it" would hardly ever be seen.
 *
 * Guarantee: a byte that was synced and not written since survives. A tear mixes old, new and garbage only in the span of
 * its sector that was written (SQLite calls this powersafe overwrite); a disk-torn fault with reach "sector" breaks it.
 */
import { scale } from "../hash.ts";
import { type ActiveFault, type Consumer, type Kernel, PURPOSE } from "../kernel.ts";
import { copySector, dropPagesBeyond, type FileData, isClean, type Page } from "./file-data.ts";
import { SECTORS_PER_PAGE } from "./options.ts";
import { mixOrdinal } from "./paths.ts";
import { settleHarm } from "./sector-harm.ts";

export type TearRule = {
  /** The odds without a fault, and with it. */
  readonly basePerMillion: number;
  readonly perMillion: number;
  readonly fault: ActiveFault | null;
  /** written: only bytes that were written may turn to garbage. sector: all bytes of the sector may. */
  readonly reach: "written" | "sector";
};

export type PowerLossReport = {
  sectorsKept: number;
  sectorsLost: number;
  sectorsTorn: number;
  lengthsLost: number;
  namesLost: number;
};

export type Judgement = {
  readonly kernel: Kernel;
  readonly consumer: Consumer;
  /** Counts the power losses of this disk. */
  readonly lossNumber: number;
  readonly report: PowerLossReport;
  tearRule(path: string): TearRule;
  /** A fault took bytes that were durable, or that a sync had claimed. */
  onHarm(fault: ActiveFault, path: string, what: string): void;
};

type FileJudgement = {
  readonly judgement: Judgement;
  readonly path: string;
  readonly data: FileData;
  readonly tear: TearRule;
  readonly keepPerMillion: number;
  readonly length: number;
};

type TornSector = {
  readonly page: Page;
  readonly pageIndex: number;
  /** The sector in its page. */
  readonly s: number;
  /** Where it may be torn: from, to. */
  readonly span: readonly [number, number];
};

const MOODS = [0, 250_000, 500_000, 750_000, 1_000_000] as const;

export function judgeFile(judgement: Judgement, path: string, data: FileData): void {
  if (isClean(data) && data.claims === null) return;
  const { kernel, consumer, lossNumber } = judgement;
  const ordinal = mixOrdinal(lossNumber, data.key, 0);
  const keepPerMillion = MOODS[scale(kernel.outcome(consumer, ordinal, PURPOSE.diskMood), MOODS.length)]!; // In range: scaled.
  const length = judgeLength(judgement, data, ordinal, keepPerMillion);
  const file: FileJudgement = { judgement, path, data, tear: judgement.tearRule(path), keepPerMillion, length };
  for (const index of data.dirtyPages) judgePage(file, index, data.pages.get(index)!); // Listed pages exist.
  checkClaims(file);
  forgetCache(data, length);
}

function judgeLength(judgement: Judgement, data: FileData, ordinal: number, keepPerMillion: number): number {
  const { kernel, consumer, report } = judgement;
  if (data.size === data.stableSize || keepPerMillion === 1_000_000) return data.size;
  const { sectorBytes } = data.space;
  const bits = kernel.outcome(consumer, ordinal, PURPOSE.diskLengthFate);
  const fate = scale(bits, 4);
  const hasGrown = data.size > data.stableSize;
  if (keepPerMillion > 0 && (fate === 1 || fate === 2)) return data.size;
  report.lengthsLost += 1;
  if (hasGrown && keepPerMillion > 0 && fate === 3) {
    const boundary = Math.ceil((data.stableSize + 1) / sectorBytes);
    const sectors = Math.floor(data.size / sectorBytes) - boundary + 1;
    if (sectors > 0) {
      kernel.mark("disk.length-partial");
      return (boundary + (bits % sectors)) * sectorBytes;
    }
  }
  kernel.mark(hasGrown ? "disk.length-lost" : "disk.truncate-lost");
  return data.stableSize;
}

function judgePage(file: FileJudgement, index: number, page: Page): void {
  const { data, judgement } = file;
  const { sectorBytes } = data.space;
  const { kernel, consumer, lossNumber, report } = judgement;
  for (let s = 0; s < SECTORS_PER_PAGE; s += 1) {
    if (((page.dirty >>> s) & 1) === 0) continue;
    const sector = index * SECTORS_PER_PAGE + s;
    page.stable ??= new Uint8Array(data.space.pageBytes);
    const span = changedSpan(page.stable, page.cache, s, sectorBytes);
    if (span === null) continue;
    // A truncation that was lost: nothing was written behind the end that it had set.
    if (sector * sectorBytes >= data.size && file.length > data.size) continue;
    const ordinal = mixOrdinal(lossNumber, data.key, sector + 1);
    const { tear } = file;
    const tearBits = scale(kernel.outcome(consumer, ordinal, PURPOSE.diskSectorTear), 1_000_000);
    if (tearBits < tear.perMillion) {
      report.sectorsTorn += 1;
      kernel.note(ordinal ^ 2);
      const isByFault = tear.fault !== null && tearBits >= tear.basePerMillion;
      const hit = {
        page,
        pageIndex: index,
        s,
        span: isByFault && tear.reach === "sector" ? ([0, sectorBytes] as const) : span,
      };
      const isMixed = tearSector(file, hit, ordinal);
      if (isByFault && isMixed && tear.fault !== null) kernel.effect(tear.fault);
    } else if (kernel.chance(file.keepPerMillion, consumer, ordinal, PURPOSE.diskSectorFate)) {
      report.sectorsKept += 1;
      kernel.note(ordinal ^ 1);
      copySector(page.stable, page.cache, s, sectorBytes);
      if (data.harm !== null || data.dirtyHarm !== null) settleHarm(data, index, 1 << s);
    } else {
      report.sectorsLost += 1;
      kernel.note(ordinal);
      kernel.mark("disk.sector-lost");
    }
  }
}

/** The first differing byte of a sector and the one after the last, within the sector; null when all are equal. */
function changedSpan(
  stable: Uint8Array,
  cache: Uint8Array,
  s: number,
  sectorBytes: number,
): readonly [number, number] | null {
  const start = s * sectorBytes;
  let from = 0;
  while (from < sectorBytes && stable[start + from] === cache[start + from]) from += 1;
  if (from === sectorBytes) return null;
  let to = sectorBytes;
  while (stable[start + to - 1] === cache[start + to - 1]) to -= 1;
  return [from, to];
}

/**
 * Leaves a mix in the span: new then old, old then new, garbage between the two, or garbage throughout. False when the mix is one of the
 * two whole, as without a tear.
 */
function tearSector(file: FileJudgement, { page, pageIndex, s, span }: TornSector, ordinal: number): boolean {
  const { data, judgement } = file;
  const { kernel, consumer } = judgement;
  const { sectorBytes } = data.space;
  const stable = page.stable!; // The caller made it.
  const pageStart = pageIndex * data.space.pageBytes;
  const [from, to] = span;
  const bits = kernel.outcome(consumer, ordinal, PURPOSE.diskTornByte);
  const form = bits & 3;
  let first = from + scale(bits, to - from + 1);
  let last = from + scale(kernel.outcome(consumer, ordinal, PURPOSE.diskGarbage), to - from + 1);
  if (last < first) [first, last] = [last, first];
  if (form === 3) [first, last] = [from, to];
  kernel.mark("disk.torn-sector");
  if (form >= 2 && first < last) kernel.mark("disk.garbage-sector");
  let garbage = kernel.outcome(consumer, ordinal, PURPOSE.diskGarbage) | 1;
  let isDurableHurt = false;
  let [isOld, isNew] = [true, true];
  for (let i = from; i < to; i += 1) {
    const position = s * sectorBytes + i;
    const old = stable[position]!; // Within the page.
    const isSynced = pageStart + position < data.stableSize && stable[position] === page.cache[position];
    if (form >= 2 && i >= first && i < last) {
      garbage ^= garbage << 13;
      garbage ^= garbage >>> 17;
      garbage ^= garbage << 5;
      if (isSynced && stable[position] !== (garbage & 0xff)) isDurableHurt = true;
      stable[position] = garbage & 0xff;
    } else if (form === 1 ? i >= first : i < first) {
      stable[position] = page.cache[position]!; // Within the page.
    }
    if (stable[position] !== old) isOld = false;
    if (stable[position] !== page.cache[position]) isNew = false;
  }
  const { tear } = file;
  if (isDurableHurt && tear.reach === "sector" && tear.fault !== null) {
    judgement.onHarm(tear.fault, file.path, "a tear reached durable bytes");
  }
  return !isOld && !isNew;
}

/** Tells which bytes that a sync had claimed are gone. Bytes that were written again since then are nobody's promise. */
function checkClaims(file: FileJudgement): void {
  const { data, judgement, path, length } = file;
  const { sectorBytes } = data.space;
  if (data.claims !== null) {
    for (const [sector, claim] of data.claims) {
      const page = data.pages.get(Math.floor(sector / SECTORS_PER_PAGE));
      const start = (sector % SECTORS_PER_PAGE) * sectorBytes;
      let isLost = false;
      for (let i = 0; i < claim.bytes.length && sector * sectorBytes + i < data.size; i += 1) {
        const isStillPromised = page !== undefined && claim.bytes[i] === page.cache[start + i];
        const kept = sector * sectorBytes + i < length ? (page?.stable?.[start + i] ?? 0) : -1;
        if (isStillPromised && kept !== claim.bytes[i]) isLost = true;
      }
      if (isLost) reportLoss(judgement, claim.fault, path, "bytes that a sync had claimed were lost");
    }
  }
  const { claimedSize } = data;
  if (claimedSize !== null && claimedSize.size > length && data.size >= claimedSize.size) {
    reportLoss(judgement, claimedSize.fault, path, "a length that a sync had claimed was lost");
  }
}

function reportLoss(judgement: Judgement, fault: ActiveFault, path: string, what: string): void {
  judgement.kernel.effect(fault);
  judgement.kernel.mark("disk.claimed-bytes-lost");
  judgement.onHarm(fault, path, what);
}

/** Programs see what is stable again. Bytes behind the end become zeros, as they read when the file grows. */
function forgetCache(data: FileData, length: number): void {
  const { pageBytes } = data.space;
  for (const index of data.dirtyPages) data.pages.get(index)!.dirty = 0; // Listed pages exist.
  data.dirtyPages.length = 0;
  data.dirtyHarm = null;
  data.orphans = null;
  data.claims = null;
  data.claimedSize = null;
  dropPagesBeyond(data, length);
  data.size = length;
  data.stableSize = length;
  for (const [index, page] of data.pages) {
    const end = length - index * pageBytes;
    if (end < pageBytes) page.stable?.fill(0, Math.max(0, end));
    if (page.stable === null) page.cache.fill(0);
    else page.cache.set(page.stable);
  }
}
