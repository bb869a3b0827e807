/**
 * A Merkle tree over the digests of keyed objects: two stores compare roots, then children where they differ, down to buckets.
 *
 * A key lies in the bucket that the first 12 bits of its hash name: three levels of 16 children. Digests are 64 bits of SHA-256, as hex;
 * an empty part has the digest `EMPTY`. A change touches one bucket; digests above it are computed again when next asked for.
 * Merkle 1987, "A digital signature based on a conventional encryption function"; as used for anti-entropy by DeCandia et al.
 * 2007, "Dynamo: Amazon's highly available key-value store".
 */
import { ByteWriter } from "../bytes.ts";
import { compareText } from "../clock.ts";
import { sha256 } from "../sha256.ts";

export const FANOUT = 16;
/** Level 0 is the root, level `LEVELS` are the buckets. */
export const LEVELS = 3;
const DIGEST_BYTES = 8;
export const EMPTY: string = "0".repeat(DIGEST_BYTES * 2);

export type KeyDigest = { readonly key: string; readonly digest: string };

export class MerkleTree {
  /** The digests of the objects of each bucket that is not empty. */
  readonly #buckets: Map<number, Map<string, string>> = new Map();
  /** Per level, of what is not empty. Absent: changed since it was computed. */
  readonly #digests: Map<number, string>[] = levels();
  /** Per level, how many objects are below a node; absent for none. */
  readonly #counts: Map<number, number>[] = levels();

  /** Sets the digest of an object. */
  set(key: string, digest: string): void {
    let at = bucketOf(key);
    const bucket = this.#buckets.get(at) ?? new Map<string, string>();
    const before = bucket.get(key);
    if (before === digest) return;
    bucket.set(key, digest);
    this.#buckets.set(at, bucket);
    for (let level = LEVELS; level >= 0; level--) {
      const [digests, counts] = [this.#digests[level]!, this.#counts[level]!]; // one map for each level
      digests.delete(at);
      if (before === undefined) counts.set(at, (counts.get(at) ?? 0) + 1);
      at = Math.floor(at / FANOUT);
    }
  }

  get(key: string): string {
    return this.#buckets.get(bucketOf(key))?.get(key) ?? EMPTY;
  }

  /** The digest of a node. */
  digestOf(level: number, index: number): string {
    if (!this.#counts[level]!.has(index)) return EMPTY;
    const known = this.#digests[level]!.get(index);
    if (known !== undefined) return known;
    const digest = level === LEVELS ? this.#digestBucket(index) : this.#digestNode(level, index);
    this.#digests[level]!.set(index, digest);
    return digest;
  }

  /** The objects of a bucket, by key. */
  bucket(index: number): KeyDigest[] {
    const entries = [...(this.#buckets.get(index) ?? [])];
    return entries.map(([key, digest]) => ({ key, digest })).sort((a, b) => compareText(a.key, b.key));
  }

  #digestBucket(index: number): string {
    const writer = new ByteWriter();
    for (const { key, digest } of this.bucket(index)) {
      writer.text(key);
      writer.text(digest);
    }
    return digestOf(writer.finish());
  }

  #digestNode(level: number, index: number): string {
    const writer = new ByteWriter();
    for (const child of childrenOf(index)) writer.text(this.digestOf(level + 1, child));
    return digestOf(writer.finish());
  }
}

function levels<T>(): Map<number, T>[] {
  return Array.from({ length: LEVELS + 1 }, () => new Map<number, T>());
}

/** The indices of the children of a node, one level down. */
export function childrenOf(index: number): number[] {
  return Array.from({ length: FANOUT }, (_, i) => index * FANOUT + i);
}

export function bucketOf(key: string): number {
  const writer = new ByteWriter();
  writer.text(key);
  const hash = sha256(writer.finish());
  return hash[0]! * FANOUT + (hash[1]! >>> 4); // a hash has 32 bytes
}

/** The first 64 bits of SHA-256, in hex. */
export function digestOf(bytes: Uint8Array): string {
  return toHex(sha256(bytes).subarray(0, DIGEST_BYTES));
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
