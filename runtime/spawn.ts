/** Starts a runner: a child process that executes one of our files, from TypeScript in the repository or compiled in the package. */
import { type ChildProcess, fork } from "node:child_process";
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";

export type SpawnOptions = {
  /** URL of the file to run. */
  readonly entry: URL;
  /** Old-space limit of the child's heap, in MiB; reaching it aborts the child. */
  readonly heapMbMax: number;
  /** Another node binary, to compare majors. */
  readonly execPath?: string;
};

export function spawnRunner(options: SpawnOptions): ChildProcess {
  const entry = fileURLToPath(options.entry);
  const isTypeScript = entry.endsWith(".ts");
  const boot = fileURLToPath(new URL("./boot.mjs", import.meta.url));
  return fork(isTypeScript ? boot : entry, isTypeScript ? [options.entry.href] : [], {
    execArgv: [`--max-old-space-size=${options.heapMbMax}`, "--max-semi-space-size=32"],
    ...(options.execPath === undefined ? {} : { execPath: options.execPath }),
    serialization: "json",
    // What a system prints must not mix with results; a crash report of the engine is of no use to the user either.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    // A Ctrl-C in the terminal reaches the parent alone, which then ends its runners itself.
    detached: process.platform !== "win32",
  });
}

/** Resident memory of a process in bytes; null where the platform does not tell cheaply. */
export function residentBytes(pid: number): number | null {
  try {
    // In kB, whatever the size of a page is on this machine.
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}
