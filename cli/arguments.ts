/** Reading flags and the files they name: everything that yargs would let through as NaN, twice or mistyped is an error of the user here. */
import * as os from "node:os";
import { parseJson, readTextFile } from "../campaign/document.ts";
import { UsageError } from "../campaign/errors.ts";
import type { ValidationMode } from "../campaign/validation.ts";

/** A whole number of at least `min`. */
export function wholeNumber(flag: string, text: string, min: number): number {
  if (/^\d+$/.test(text) && Number(text) >= min && Number.isSafeInteger(Number(text))) return Number(text);
  throw new UsageError(`${flag}: expected a whole number of at least ${min}, found ${JSON.stringify(text)}.`);
}

/** "4" or "50%" of the cores. */
export function workerCount(text: string | undefined): number {
  const cores = os.availableParallelism();
  if (text === undefined) return cores;
  const share = /^(\d+)%$/.exec(text);
  if (share !== null) {
    const perCent = wholeNumber("--workers", share[1]!, 1);
    return Math.max(1, Math.floor((cores * perCent) / 100));
  }
  return wholeNumber("--workers", text, 1);
}

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** 500 hours: a timer of Node's takes little more, and fires at once beyond. */
const DURATION_MS_MAX = 1_800_000_000;

/** "60s", "500ms", "2m", "1h" in milliseconds. */
export function duration(flag: string, text: string): number {
  const match = /^(\d+)(ms|s|m|min|h)$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * UNITS[match[2]!]!;
  if (ms > DURATION_MS_MAX) throw new UsageError(`${flag}: ${text} is too long; at most 500h.`);
  if (ms > 0) return ms;
  throw new UsageError(`${flag}: expected a duration such as 60s, 500ms or 2m, found ${JSON.stringify(text)}.`);
}

/** `name=value` pairs of --set and --option. */
export function pairs(flag: string, texts: readonly string[]): { [name: string]: string } {
  const result: { [name: string]: string } = {};
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at <= 0) throw new UsageError(`${flag}: expected name=value, found ${JSON.stringify(text)}.`);
    const name = text.slice(0, at);
    if (Object.hasOwn(result, name)) throw new UsageError(`${flag}: ${name} is given twice.`);
    result[name] = text.slice(at + 1);
  }
  return result;
}

export function words(flag: string, text: string, known: readonly string[]): string[] {
  const list = text.split(",").map((word) => word.trim());
  for (const word of list) {
    if (!known.includes(word))
      throw new UsageError(`${flag}: there is no ${JSON.stringify(word)} (known are ${known.join(", ")}).`);
  }
  return list;
}

/** --validate=all, --validate=sampled, --no-validate; the first two need a scenario with a specification. */
export function validationMode(value: string | false | undefined): ValidationMode {
  if (value === undefined || value === "sampled") return "sampled";
  if (value === false) return "none";
  if (value === "all") return "all";
  throw new UsageError(
    `--validate: expected all or sampled, found ${JSON.stringify(value)} (--no-validate switches it off).`,
  );
}

export type Seeds =
  /** Exactly these. */
  | { readonly kind: "exact"; readonly seeds: readonly string[]; readonly text: string }
  /** `<base>/0` to `<base>/count-1`. */
  | { readonly kind: "counted"; readonly count: number };

/** All seeds are held in memory. */
const SEEDS_MAX = 1_000_000;

/** --seed S (repeatable), --seeds A..B, --seeds N. Throws UsageError for a range that is none, or both flags at once. */
export function seedsOf(single: readonly string[], range: string | undefined, countDefault: number): Seeds {
  if (single.length > 0) {
    if (range !== undefined) throw new UsageError("--seed and --seeds cannot be given together.");
    if (single.some((seed) => seed === "")) throw new UsageError("--seed: a seed cannot be empty.");
    return { kind: "exact", seeds: [...new Set(single)], text: single.join(",") };
  }
  if (range === undefined) return { kind: "counted", count: countDefault };
  if (/^\d+$/.test(range)) {
    const count = wholeNumber("--seeds", range, 1);
    if (count <= SEEDS_MAX) return { kind: "counted", count };
    throw tooMany(range);
  }
  const match = /^(\d+)\.\.(\d+)$/.exec(range);
  const [first, last] = match === null ? [1, 0] : [Number(match[1]), Number(match[2])];
  if (match !== null && (last - first >= SEEDS_MAX || !Number.isSafeInteger(last))) throw tooMany(range);
  if (match === null || first > last) {
    throw new UsageError(
      `--seeds: expected a count such as 200 or a range such as 1..500, found ${JSON.stringify(range)}.`,
    );
  }
  const seeds = Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  return { kind: "exact", seeds, text: range };
}

function tooMany(range: string): UsageError {
  return new UsageError(
    `--seeds: ${range} are more than one campaign takes, ${SEEDS_MAX} seeds below 2^53. Use several campaigns.`,
  );
}

/** A file of JSON that a flag names. Throws UsageError. */
export function readJson(file: string): unknown {
  return parseJson(readTextFile(file), file, "Is the file cut off?");
}
