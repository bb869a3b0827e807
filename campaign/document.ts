/**
 * A JSON document of ours as a file holds it: read as UTF-8 and nothing else, and checked against a schema. A complaint names the file and the
 * place in it. A decoder that replaces what it cannot read would run another seed than the one that was written down.
 */
import { isUtf8 } from "node:buffer";
import * as fs from "node:fs";
import type { z } from "zod";
import { describeIssue, formatPath, showValue, valueAt } from "../nemesis/issue.ts";
import { UsageError } from "./errors.ts";

/** Levels of lists and objects: more is no document that anybody wrote, and would exhaust the stack of what walks it. */
const LEVELS_MAX = 500;

/** The text of a file, without the mark that editors on Windows put in front. Throws UsageError. */
export function readTextFile(file: string): string {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
  if (!isUtf8(bytes)) throw new UsageError(`${file}: ${encodingOf(bytes)}. Save the file as UTF-8.`);
  return bytes.toString("utf8").replace(/^\uFEFF/, "");
}

/** What the bytes are, as far as they tell; PowerShell redirects in UTF-16. */
function encodingOf(bytes: Buffer): string {
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isWide) return "expected text in UTF-8, found UTF-16";
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  return `line ${line}: expected text in UTF-8, found other bytes`;
}

/** `where` stands before every message: the file, or the file and line; `next` ends it. Throws UsageError. */
export function parseJson(text: string, where: string, next: string): unknown {
  let value: unknown;
  try {
    // A mark may stand in the middle, where files were put together.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    // The engine says so in words of its own where the text is not even begun.
    const what = text.trim() === "" ? "it is empty" : (error as Error).message;
    throw new UsageError(`${where} is not valid JSON: ${what}. ${next}`);
  }
  if (levelsOf(value, LEVELS_MAX) > LEVELS_MAX)
    throw new UsageError(`${where}: lists and objects lie more than ${LEVELS_MAX} levels deep in each other. ${next}`);
  return value;
}

/** How deep lists and objects lie in each other, as far as `max` and one more. */
function levelsOf(value: unknown, max: number): number {
  let level = 0;
  for (let inner = [value]; inner.length > 0 && level <= max; level++)
    inner = inner.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each as object) : []));
  return level;
}

/** Throws UsageError with the first complaint of the schema, in words: `where: place: expected …, found …. next`. */
export function demandDocument(schema: z.ZodType, value: unknown, where: string, next: string): void {
  const parsed = schema.safeParse(value);
  if (parsed.success) return;
  const issue = parsed.error.issues[0]!; // a failed parse has at least one
  const place = issue.path.length === 0 ? "" : `${formatPath(issue.path)}: `;
  throw new UsageError(`${where}: ${place}${complaint(issue, valueAt(value, issue.path))} ${next}`);
}

function complaint(issue: z.core.$ZodIssue, found: unknown): string {
  if (issue.code === "unrecognized_keys") return `unknown field ${JSON.stringify(issue.keys[0])}.`;
  if (issue.code !== "invalid_union") return describeIssue(issue, found);
  return found === undefined ? "is missing." : `expected another kind of value, found ${showValue(found)}.`;
}
