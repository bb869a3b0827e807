/**
 * Imports a file of a user. Whatever its top level does (exit, hang, reject something nobody waits for, set an exit code) must come
 * out as an error that names the file, and never as the exit code of the tool.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { prepareForUserFiles } from "../runtime/user-files.ts";
import { UsageError } from "./errors.ts";

/** Compiling a large project takes seconds; a top level that waits this long waits for nothing. */
const LOAD_MS_MAX = 30_000;

export type LoadOptions = {
  /** Milliseconds of wall time that the top level may take. Default: 30 seconds. */
  readonly loadMsMax?: number;
};

/** What the file exports, by name. Throws UsageError. */
export async function loadUserFile(file: string, options: LoadOptions = {}): Promise<Record<string, unknown>> {
  const absolute = path.resolve(file);
  const found = fs.statSync(absolute, { throwIfNoEntry: false });
  if (found === undefined)
    throw new UsageError(`There is no file ${JSON.stringify(file)}, so no scenario can be loaded from it.`);
  if (!found.isFile()) throw new UsageError(`${file} is not a file, so no scenario can be loaded from it.`);
  await prepareForUserFiles();
  const before = process.exitCode;
  try {
    return await watched(pathToFileURL(absolute).href, options.loadMsMax ?? LOAD_MS_MAX);
  } catch (error) {
    throw new UsageError(`${file} cannot be loaded: ${messageOf(error)}`);
  } finally {
    process.exitCode = before;
  }
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "it threw a value that has no text";
  }
}

class Exited extends Error {}

/** The import, or what its top level did instead of settling. */
async function watched(url: string, loadMsMax: number): Promise<Record<string, unknown>> {
  const { exit } = process;
  let fail: (error: Error) => void = () => {};
  const trouble = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  trouble.catch(() => {});
  const onIdle = (): void => fail(new Error("its top level waits for something that never comes (an await there)."));
  const onError = (error: unknown): void => fail(new Error(`outside of any call it throws ${messageOf(error)}`));
  const timer = setTimeout(
    () => fail(new Error(`its top level was not done after ${loadMsMax / 1000} s; it must only define scenarios.`)),
    loadMsMax,
  );
  // What the file waits for must not be kept alive by our clock: an empty event loop tells at once.
  timer.unref();
  process.exit = (code) => {
    const error = new Exited(`its top level calls process.exit(${code ?? ""}); it must only define scenarios.`);
    fail(error);
    throw error;
  };
  process.on("beforeExit", onIdle).on("unhandledRejection", onError).on("uncaughtException", onError);
  try {
    const exported = (await Promise.race([import(url), trouble])) as Record<string, unknown>;
    // Rejections are reported after the microtasks of the import: a turn of the event loop lets them come.
    await Promise.race([new Promise((resolve) => setImmediate(resolve)), trouble]);
    return exported;
  } finally {
    clearTimeout(timer);
    process.off("beforeExit", onIdle).off("unhandledRejection", onError).off("uncaughtException", onError);
    process.exit = exit;
  }
}
