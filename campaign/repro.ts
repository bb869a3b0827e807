/** A repro: everything that is needed to run a failure again, and to say what differs when it does not come back. */
import * as fs from "node:fs";
import { z } from "zod";
import type { ScenarioRef } from "./catalog.ts";
import { UsageError } from "./errors.ts";
import type { RunResult, RunVerdict } from "./result.ts";
import { type Commit, gitCommit, hashSources, type Sources, toolVersion } from "./sources.ts";

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
  /** The file of a user that exports the scenario; null for one that comes with the tool. */
  file: z.string().nullable(),
  input: z.strictObject({
    seed: z.string(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    // Absent where the scenario's own function for it failed: then it is drawn again.
    plan: json.optional(),
    workload: z.array(planned).optional(),
    choices: z.array(z.strictObject({ at: z.string(), bits: z.int() })),
    reseeds: z.array(z.strictObject({ atEvent: z.int(), seed: z.string() })),
  }),
  digest: z.string().nullable(),
  verdict,
  /** The property that failed first. */
  property: z.string().nullable(),
  /** The run was validated against its specification, which ends it at the first mismatch. */
  isValidated: z.boolean().optional(),
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
  readonly bug?: { readonly id: string; readonly patch: string };
};

export type Provenance = { readonly sources: Sources; readonly commit: Commit | null };

export function provenance(files: readonly string[]): Provenance {
  return { sources: hashSources(files), commit: gitCommit() };
}

export function makeRepro(ref: ScenarioRef, result: RunResult, from: Provenance, bug?: Repro["bug"]): Repro {
  return {
    format: 1,
    tool: toolVersion(),
    commit: from.commit,
    sources: from.sources,
    node: process.versions.node,
    scenario: ref.name,
    file: ref.file,
    input: result.input,
    digest: result.digest,
    verdict: result.verdict,
    property: firstInvalid(result),
    ...(result.specification === undefined ? {} : { isValidated: true }),
    ...(bug === undefined ? {} : { bug }),
  };
}

export function firstInvalid(result: RunResult): string | null {
  return result.properties.find((property) => property.verdict === "invalid")?.name ?? null;
}

/** Reads a repro. Throws UsageError saying what is wrong with the file and where. */
export function readRepro(file: string): Repro {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
  return parseRepro(text, file);
}

export function parseRepro(text: string, where: string): Repro {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${where} is no JSON: ${(error as Error).message}. A repro is one JSON document; is the file cut off?`,
    );
  }
  const parsed = reproSchema.safeParse(value);
  if (parsed.success) return parsed.data as unknown as Repro;
  const issue = parsed.error.issues[0]!;
  throw new UsageError(
    `${where}: ${issue.path.map(String).join(".") || "the document"}: ${issue.message}. Expected a repro of format 1.`,
  );
}
