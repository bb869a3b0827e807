/**
 * A line of results.jsonl: the CRC-32 of the JSON's UTF-8 bytes as eight hexadecimal digits, a space, the JSON.
 *
 * A torn last line, as a crash leaves it, is dropped with a notice; damage anywhere else is an error, because results must not vanish
 * in silence. A line whose checksum fits and whose content is none of ours was written by another hand: an error too.
 */
import * as fs from "node:fs";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { demandDocument, parseJson } from "./document.ts";
import { UsageError } from "./errors.ts";
import type { FaultCounts, OperationCounts, PropertyResult, RunVerdict } from "./result.ts";
import type { ValidationResult } from "./validation.ts";

/** What a line of results.jsonl holds. */
export type RunLine = {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: RunVerdict;
  readonly digest: string | null;
  readonly events: number;
  readonly virtualUs: number;
  readonly wallMs: number;
  readonly operations: OperationCounts;
  readonly faults: FaultCounts;
  /** How many faults the plan has, and how many of them never struck, by reason. */
  readonly planned?: number;
  readonly unstruck?: { readonly [code: string]: number };
  readonly counts: { readonly [name: string]: number };
  readonly sometimes: { readonly [name: string]: boolean };
  readonly marks: { readonly [name: string]: number };
  /** Properties that are not valid. */
  readonly properties: readonly PropertyResult[];
  /** Only where the run was validated against its specification. */
  readonly specification?: ValidationResult;
  /** From corpus/: counted apart. */
  readonly isCorpus: boolean;
  /** Which repro of the corpus: two of them may have one seed. */
  readonly corpusId?: string;
  readonly repro: string | null;
  readonly reason?: string;
};

const count = z.number().nonnegative();
const counts = z.record(z.string(), z.number());

/** Fields that other versions add are let through: they are added up by nobody. */
const lineSchema = z.looseObject({
  scenario: z.string(),
  seed: z.string().min(1),
  verdict: z.enum(["held", "failed", "unknown"]),
  digest: z.string().nullable(),
  events: count,
  virtualUs: count,
  wallMs: count,
  operations: z.strictObject({ ok: count, fail: count, info: count }),
  faults: z.record(z.string(), z.looseObject({ injected: count, effective: count })),
  planned: count.optional(),
  unstruck: counts.optional(),
  counts,
  sometimes: z.record(z.string(), z.boolean()),
  marks: counts,
  properties: z.array(
    z.looseObject({
      name: z.string(),
      verdict: z.enum(["valid", "invalid", "unknown"]),
      reason: z.string(),
      monitor: z.boolean(),
    }),
  ),
  specification: z
    .looseObject({
      module: z.string(),
      verdict: z.enum(["valid", "invalid", "unknown"]),
      steps: count,
      matched: counts,
    })
    .optional(),
  isCorpus: z.boolean(),
  corpusId: z.string().optional(),
  repro: z.string().nullable(),
  reason: z.string().optional(),
});

/** What tells one run of a campaign from every other. */
export function runKey(scenario: string, seed: string, corpusId: string | undefined): string {
  return JSON.stringify([scenario, seed, corpusId ?? null]);
}

export function formatLine(line: unknown): string {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string): string {
  return (crc32(Buffer.from(json, "utf8")) >>> 0).toString(16).padStart(8, "0");
}

/** Reads the lines of a results file. `notice` is called for a torn last line. Throws UsageError for damage before it. */
export function readLines(file: string, notice: (message: string) => void): { lines: RunLine[]; bytes: number } {
  const text = read(file);
  const lines: RunLine[] = [];
  const seen = new Map<string, number>();
  let start = 0;
  let number = 0;
  while (start < text.length) {
    number++;
    const end = text.indexOf(10, start);
    const raw = text.subarray(start, end < 0 ? text.length : end).toString("utf8");
    const json = raw.slice(9);
    const isWhole = end >= 0 && raw[8] === " " && checksum(json) === raw.slice(0, 8);
    if (!isWhole) {
      if (end >= 0 && end + 1 < text.length) {
        throw new UsageError(
          `${file}: line ${number} is damaged (its CRC-32 does not fit). Remove that line to go on without its result.`,
        );
      }
      notice(`${file}: the last line is torn and was dropped; its run is done again.`);
      break;
    }
    const line = parseLine(json, `${file}: line ${number}`);
    const key = runKey(line.scenario, line.seed, line.corpusId);
    const before = seen.get(key);
    if (before !== undefined) {
      throw new UsageError(
        `${file}: line ${number} is about the same run as line ${before} (${line.scenario}, seed ${JSON.stringify(line.seed)}). Remove one of them.`,
      );
    }
    seen.set(key, number);
    lines.push(line);
    start = end + 1;
  }
  return { lines, bytes: start };
}

function read(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return Buffer.alloc(0);
    throw new UsageError(`${file} cannot be read (${code}).`);
  }
}

function parseLine(json: string, where: string): RunLine {
  const next = "Remove the line to do its run again.";
  const value = parseJson(json, where, next);
  demandDocument(lineSchema, value, where, next);
  return value as RunLine;
}
