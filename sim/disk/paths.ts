/**
 * Paths and names of the simulated file system, and the integer hashes that stand for them in digests and keys.
 */
import { avalanche, hashText } from "../hash.ts";
import { DiskError } from "../host.ts";

const NAME_UNITS_MAX = 255;

/** The names along an absolute path; [] for "/". Throws DiskError EINVAL unless it is canonical: no "", ".", ".." or NUL in it. */
export function splitPath(path: string): readonly string[] {
  if (path === "/") return [];
  if (typeof path !== "string" || !path.startsWith("/")) throw badPath(path, "is not absolute");
  const names = path.slice(1).split("/");
  for (const name of names) {
    if (name === "" || name === "." || name === "..") throw badPath(path, `has the part ${JSON.stringify(name)}`);
    if (name.length > NAME_UNITS_MAX || name.includes("\0"))
      throw badPath(path, "has a name that is too long or holds NUL");
  }
  return names;
}

function badPath(path: string, why: string): DiskError {
  return new DiskError("EINVAL", `the path ${JSON.stringify(path)} ${why}`);
}

/** Order by code points, which is also the order of the UTF-8 bytes. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all single units, so they rank above 0xe000 to 0xffff. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Stands for a path in digests and in the keys of outcomes. */
export function hashPath(path: string): number {
  return hashText(path).lo;
}

/** One 32-bit ordinal for what has an address of three parts (a power loss, a file, a sector). */
export function mixOrdinal(a: number, b: number, c: number): number {
  return avalanche(avalanche(avalanche(a) ^ b) ^ c);
}
