/** A repro: everything that is needed to run a failure again, and to say what differs when it does not come back. */
import { createHash } from "node:crypto";
import * as path from "node:path";
import { z } from "zod";
import type { ScenarioRef } from "./catalog.ts";
import { quoted, UsageError } from "./errors.ts";
import { demandDocument, parseJson, readTextFile } from "./document.ts";
import type { RunResult, RunVerdict } from "./result.ts";
import { type Commit, gitCommit, hashSources, hashUserFile, portable, type Sources, toolVersion } from "./sources.ts";

const verdict = z.enum(["held", "failed", "unknown"]);
const json = z.json();

const planned = z.strictObject({
  process: z.int().nonnegative(),
  afterUs: z.int().nonnegative(),
  f: z.string(),
  key: z.string().optional(),
  value: json,
});

const reproSchema = z.strictObject({
  format: z.literal(1),
  tool: z.string(),
  commit: z.strictObject({ id: z.string(), isDirty: z.boolean() }).nullable(),
  sources: z.record(z.string(), z.string()),
  node: z.string(),
  scenario: z.string(),
  /** The file of a user that exports the scenario, relative to the working folder of the campaign; null for one that comes with the tool. */
  file: z.string().nullable(),
  input: z.strictObject({
    seed: z.string().min(1),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    // Absent where the scenario's own function for it failed: then it is drawn again.
    plan: json.optional(),
    workload: z.array(planned).optional(),
    choices: z.array(z.strictObject({ at: z.string(), bits: z.int().min(0).max(0xffffffff) })),
    reseeds: z.array(z.strictObject({ atEvent: z.int().nonnegative(), seed: z.string().min(1) })),
  }),
  digest: z.string().nullable(),
  verdict,
  /** The property that failed first. */
  property: z.string().nullable(),
  /** The run was validated against its specification, which ends it at the first mismatch. */
  isValidated: z.boolean().optional(),
  /** A SHA-256 for each part of what was recorded: tells an edit by hand from a run that is not deterministic. */
  recorded: z.record(z.string(), z.string()).optional(),
  /** For a mutant of the museum. */
  bug: z.strictObject({ id: z.string(), patch: z.string() }).optional(),
});

export type Repro = {
  readonly format: 1;
  readonly tool: string;
  readonly commit: Commit | null;
  readonly sources: Sources;
  readonly node: string;
  readonly scenario: string;
  readonly file: string | null;
  readonly input: RunResult["input"];
  readonly digest: string | null;
  readonly verdict: RunVerdict;
  readonly property: string | null;
  readonly isValidated?: boolean;
  readonly recorded?: { readonly [part: string]: string };
  readonly bug?: { readonly id: string; readonly patch: string };
};

/** What the code of a campaign is, for its repros: asked once, since hashing takes a while. */
export class Provenance {
  readonly #tool: Sources = hashSources();
  readonly #commit: Commit | null = gitCommit();
  readonly #files: Map<string, Sources> = new Map();

  commit(): Commit | null {
    return this.#commit;
  }

  /** The rooms of the tool, and the file of a user with all it imports. */
  sources(file: string | null): Sources {
    if (file === null) return this.#tool;
    const known = this.#files.get(file) ?? hashUserFile(file);
    this.#files.set(file, known);
    return { ...this.#tool, ...known };
  }
}

export function makeRepro(ref: ScenarioRef, result: RunResult, from: Provenance, bug?: Repro["bug"]): Repro {
  const repro: Repro = {
    format: 1,
    tool: toolVersion(),
    commit: from.commit(),
    sources: from.sources(ref.file),
    node: process.versions.node,
    scenario: ref.name,
    file: ref.file === null ? null : portable(path.relative(process.cwd(), ref.file)),
    input: result.input,
    digest: result.digest,
    verdict: result.verdict,
    property: firstInvalid(result),
    ...(result.specification === undefined ? {} : { isValidated: true }),
    ...(bug === undefined ? {} : { bug }),
  };
  return { ...repro, recorded: hashParts(repro) };
}

/** The parts that decide what a replay must come to, each by its own hash. */
function hashParts({ scenario, input, digest }: Repro): { readonly [part: string]: string } {
  const parts = Object.entries({ scenario, digest, ...input });
  return Object.fromEntries(parts.map(([name, value]) => [name, hashJson(value)]));
}

/** The same for two values that are equal as JSON, whatever the order of their keys. */
export function hashJson(value: unknown): string {
  const plain: unknown = JSON.parse(JSON.stringify(value ?? null));
  const text = JSON.stringify(plain, (_key, inner: unknown) => (isRecord(inner) ? sortedKeys(inner) : inner));
  return createHash("sha256").update(text).digest("hex");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sortedKeys(value: Record<string, unknown>): [string, unknown][] {
  return Object.keys(value)
    .sort()
    .map((key) => [key, value[key]]);
}

/** Names the parts of a repro that are not as they were written: "input.plan". Empty too where an old repro does not say. */
export function editedParts(repro: Repro): string[] {
  if (repro.recorded === undefined) return [];
  const now = hashParts(repro);
  return Object.keys(now)
    .filter((part) => now[part] !== repro.recorded![part])
    .map((part) => (part === "scenario" || part === "digest" ? part : `input.${part}`));
}

export function firstInvalid(result: RunResult): string | null {
  return result.properties.find((property) => property.verdict === "invalid")?.name ?? null;
}

/** Reads a repro. Throws UsageError saying what is wrong with the file and where. */
export function readRepro(file: string): Repro {
  return parseRepro(readTextFile(file), file);
}

/** `where` stands before every message: the file, or the file and line. */
export function parseRepro(text: string, where: string): Repro {
  const value = parseJson(text, where, "A repro is one JSON document; is the file cut off?");
  demandDocument(reproSchema, value, where, "Expected a repro of format 1 (docs/store.md).");
  demandOnce((value as Repro).input.choices, where);
  return value as Repro;
}

/** Of two choices at one address one would be ignored. */
function demandOnce(choices: Repro["input"]["choices"], where: string): void {
  const seen = new Map<string, number>();
  choices.forEach(({ at }, i) => {
    const before = seen.get(at);
    if (before !== undefined)
      throw new UsageError(
        `${where}: input.choices[${i}].at: ${quoted(at)} is held by choices[${before}] already. Remove one of them.`,
      );
    seen.set(at, i);
  });
}
