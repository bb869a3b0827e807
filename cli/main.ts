#!/usr/bin/env node
/** The entry: one command line, the promise of exit codes, and how errors are told. Loads nothing large before signals have a handler. */
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, UsageError } from "../campaign/errors.ts";

let isOutputLost = false;

/**
 * A reader that has seen enough (`seedbed list | head`) closes the pipe: the command goes on quietly to the exit code of its verdict.
 * Results that cannot be written to a file (a full disk) are an error, told once; what a campaign stores is not touched by it.
 */
function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED" || isOutputLost) return;
    isOutputLost = true;
    process.stderr.write(`seedbed: stdout cannot be written: ${error.code ?? error.message}. Its output is lost.\n`);
  });
  // Progress that nobody can read changes no result.
  process.stderr.on("error", () => {});
  process.on("exit", () => {
    if (isOutputLost) process.exitCode = EXIT.internal;
  });
}

/** Until a command listens itself, and again once it has heard a first signal, a signal ends the process with the promised code. */
function watchSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(EXIT.interrupted);
    });
  }
}

/** What a scenario file started at its top level may throw long after it was loaded. */
function watchStrays(): void {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const onStray = (error: unknown): void => {
    const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)) : [];
    const isOurs = frames.some((line) => line.includes(root) && !line.includes("node_modules"));
    if (isOurs) tell(error);
    else {
      const message = error instanceof Error ? error.message : String(error);
      const place = frames[0] === undefined ? "" : ` (${frames[0].trim()})`;
      process.stderr.write(
        `seedbed: ${message}${place}: thrown outside of any run. A scenario file must not start anything at its top level.\n`,
      );
      process.exitCode = EXIT.usage;
    }
    process.exit();
  };
  process.on("uncaughtException", onStray).on("unhandledRejection", onStray);
}

/** Writes what went wrong to stderr and sets the exit code. */
function tell(error: unknown): void {
  if (error instanceof UsageError) {
    process.stderr.write(`seedbed: ${error.message}\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  process.exitCode = EXIT.internal;
  if (error instanceof Error && error.name === "StoreError") {
    process.stderr.write(`seedbed: ${error.message}\n`);
    return;
  }
  const { code, path: file } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EIO") {
    const where = file === undefined ? "" : ` (${file})`;
    process.stderr.write(
      `seedbed: the results could not be written: ${code}${where}. What was written before is kept; free some space, then go on with --resume.\n`,
    );
    return;
  }
  process.stderr.write(
    `seedbed: this is a bug in the tool.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
}

watchOutput();
watchSignals();
watchStrays();
try {
  const { main } = await import("./program.ts");
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(error);
}
