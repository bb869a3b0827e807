/** Runs the command line as a user would, in a folder of its own: compiled where the project provides that (compiled.ts), else from sources. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import "./compiled.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const BOOT = fileURLToPath(new URL("../../runtime/boot.mjs", import.meta.url));

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Options = {
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string };
  /** Called with everything that came to stderr so far; may signal the process. */
  readonly onErr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
};

export function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-test-"));
}

export function seedbed(args: readonly string[], options: Options = {}): Promise<Finished> {
  const { FORCE_COLOR: _color, GITHUB_ACTIONS: _actions, ...env } = process.env;
  const compiled = inject("compiledMain");
  const child = spawn(process.execPath, [...(compiled === undefined ? [BOOT, MAIN] : [compiled]), ...args], {
    cwd: options.cwd ?? temporaryFolder(),
    env: { ...env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
    options.onErr?.(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
