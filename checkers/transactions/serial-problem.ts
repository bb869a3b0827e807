/**
 * What a register history asks of an order of its transactions: who reads which version of which key, and writes which.
 *
 * A transaction whose outcome is unknown takes part only when a committed one read from it; else it may as well not have
 * happened. Where earlier writes are missing (fragment), a value that no transaction wrote has a writer of its own.
 */
import { READ, READ_PREDICATE, WRITE } from "./records.ts";
import { codeOf, keyOfVersion, type RegisterIndex } from "./register-index.ts";
import type { InitialValues } from "./register-findings.ts";
import { FAIL, OK } from "./types.ts";

/** A key with the version that was read or written; 0 is the initial one. */
export type Access = { readonly key: number; readonly version: number };

export type SerialTransaction = {
  /** Row of the records; -1 for the writer of a value from before the history. */
  readonly row: number;
  readonly reads: readonly Access[];
  readonly writes: readonly Access[];
  /** Positions in the history; -1 and Infinity where there are none. */
  readonly invokedAt: number;
  readonly completedAt: number;
  /** The last committed transaction of the process before it, by number; -1 when there is none. */
  readonly previous: number;
};

export type SerialProblem = {
  readonly transactions: readonly SerialTransaction[];
  readonly keys: number;
  readonly versions: number;
  /** By version: the transaction that wrote it, -1 for the initial one. */
  readonly writerOf: Int32Array;
  /** Pairs of transactions, of which the first must come before the second. */
  readonly pairs: readonly (readonly [number, number])[];
  /** A transaction that no order explains: it contradicts itself, or read what no committed transaction left behind. */
  readonly impossible: string | undefined;
};

export type Pairs = readonly (readonly [number, number])[];

/** `pairs` are rows, of which the first must come before the second. Without predicates their reads are left out. */
export function buildSerialProblem(
  given: RegisterIndex,
  initialValues: InitialValues,
  pairs: Pairs,
  hasPredicates = true,
): SerialProblem {
  const index = hasPredicates ? given : { ...given, predicateVersions: new Map<number, Int32Array>() };
  const builder = new Builder(index, initialValues);
  builder.addRows();
  return builder.finish(pairs);
}

class Builder {
  readonly #index: RegisterIndex;
  readonly #initialValues: InitialValues;
  readonly #transactions: SerialTransaction[] = [];
  readonly #numberOf: Int32Array;
  /** Version of the index -> dense version. */
  readonly #versions = new Map<number, number>();
  readonly #writers: number[] = [-1];
  /** By key: the value code that is taken for the initial one. */
  readonly #initial = new Map<number, number>();
  #impossible: string | undefined;

  constructor(index: RegisterIndex, initialValues: InitialValues) {
    this.#index = index;
    this.#initialValues = initialValues;
    this.#numberOf = new Int32Array(index.records.count).fill(-1);
  }

  addRows(): void {
    const { records } = this.#index;
    const isRead = this.#readRows();
    const latest = new Map<number, number>(); // process -> its last committed transaction
    for (let row = 0; row < records.count; row += 1) {
      const isOk = records.status[row] === OK;
      if (records.status[row] === FAIL || (!isOk && isRead[row] === 0)) continue;
      const process = records.process[row]!;
      const number = this.#transactions.length;
      this.#numberOf[row] = number;
      this.#transactions.push({
        row,
        reads: isOk ? this.#readsOf(row) : [],
        writes: this.#writesOf(row, number),
        invokedAt: records.invokedAt[row]!,
        completedAt: isOk ? records.completedAt[row]! : Number.POSITIVE_INFINITY,
        previous: process < 0 ? -1 : (latest.get(process) ?? -1),
      });
      if (isOk && process >= 0) latest.set(process, number);
    }
  }

  finish(pairs: Pairs): SerialProblem {
    const { records } = this.#index;
    // Versions are numbered when they are first met, and so are their writers.
    for (const [version, dense] of this.#versions) {
      if (this.#writers[dense] !== -1) continue;
      if (version < records.opCount) {
        this.#impossible ??= `key ${String(records.keys[keyOfVersion(this.#index, version)])} was read as no committed transaction left it`;
        continue;
      }
      const number = this.#transactions.length;
      const writes = [{ key: keyOfVersion(this.#index, version), version: dense }];
      this.#transactions.push({ row: -1, reads: [], writes, invokedAt: -1, completedAt: Infinity, previous: -1 });
      this.#writers[dense] = number;
    }
    return {
      transactions: this.#transactions,
      keys: records.keys.length,
      versions: this.#writers.length,
      writerOf: Int32Array.from(this.#writers),
      pairs: this.#numbered(pairs),
      impossible: this.#impossible,
    };
  }

  /** Pairs of rows as pairs of transactions, as far as they take part. */
  #numbered(pairs: Pairs): Pairs {
    return pairs
      .map(([before, after]) => [this.#numberOf[before]!, this.#numberOf[after]!] as const)
      .filter(([before, after]) => before >= 0 && after >= 0 && before !== after);
  }

  /** Rows that a committed transaction read from. */
  #readRows(): Uint8Array {
    const { records, seen, predicateVersions } = this.#index;
    const isRead = new Uint8Array(records.count);
    const note = (version: number): void => {
      if (version >= 0 && version < records.opCount) isRead[records.opRow[version]!] = 1;
    };
    for (let op = 0; op < records.opCount; op += 1) if (records.opKind[op] === READ) note(seen[op]!);
    for (const versions of predicateVersions.values()) for (const version of versions) note(version);
    return isRead;
  }

  #readsOf(row: number): Access[] {
    const { records, seen, predicateVersions } = this.#index;
    const own = new Map<number, number>(); // key -> version of the transaction's own last write
    const external = new Map<number, number>();
    const read = (key: number, version: number): void => {
      const expected = own.get(key) ?? external.get(key);
      const dense = own.has(key) ? version : this.#denseOf(key, version);
      if (expected === undefined) external.set(key, dense);
      else if (expected !== dense)
        this.#impossible ??= `a transaction read two values of key ${String(records.keys[key])}`;
    };
    for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
      const kind = records.opKind[op]!;
      if (kind === WRITE) own.set(records.opKey[op]!, op);
      else if (kind === READ) read(records.opKey[op]!, seen[op]!);
      else if (kind === READ_PREDICATE) {
        for (const version of predicateVersions.get(op) ?? []) read(keyOfVersion(this.#index, version), version);
      }
    }
    return [...external].map(([key, version]) => ({ key, version }));
  }

  #writesOf(row: number, number: number): Access[] {
    const { records, version } = this.#index;
    const writes: Access[] = [];
    for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
      if (records.opKind[op] !== WRITE || version[op]! < 0) continue; // only the last write of a key is seen by others
      const dense = this.#number(op);
      this.#writers[dense] = number;
      writes.push({ key: records.opKey[op]!, version: dense });
    }
    return writes;
  }

  #denseOf(key: number, version: number): number {
    const { records } = this.#index;
    if (version < records.opCount) return this.#number(version);
    const code = codeOf(this.#index, version);
    const isNil = version < records.opCount + records.keys.length;
    if (this.#initialValues === "fragment") return isNil ? 0 : this.#number(version);
    const initial = this.#initial.get(key);
    if (initial === undefined) this.#initial.set(key, code);
    if ((initial ?? code) === code && (isNil || this.#initialValues === "any")) return 0;
    this.#impossible ??= `key ${String(records.keys[key])} was read with a value that no transaction wrote`;
    return 0;
  }

  #number(version: number): number {
    let dense = this.#versions.get(version);
    if (dense === undefined) {
      dense = this.#writers.length;
      this.#versions.set(version, dense);
      this.#writers.push(-1);
    }
    return dense;
  }
}
