#!/usr/bin/env node
/** The entry: one command line, the promise of exit codes, and how errors are told. */
import { EXIT, UsageError } from "../campaign/errors.ts";
import { main } from "./program.ts";

// A reader that has seen enough (`seedbed list | head`) closes the pipe: that is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`seedbed: ${error.message}\n`);
    process.exitCode = EXIT.usage;
  } else {
    const { code, path } = error as NodeJS.ErrnoException;
    const where = path === undefined ? "" : ` (${path})`;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EIO") {
      process.stderr.write(
        `seedbed: the results could not be written: ${code}${where}. What was written before is kept; free some space, then go on with --resume.\n`,
      );
    } else {
      process.stderr.write(
        `seedbed: this is a bug in the tool.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
    }
    process.exitCode = EXIT.internal;
  }
}
