/** What becomes of output that cannot be written, and of a signal. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { seedbed, temporaryFolder } from "./seedbed.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const BOOT = fileURLToPath(new URL("../../runtime/boot.mjs", import.meta.url));

/** Runs with stdout at this file; null: a pipe whose reader is gone. */
async function withStdout(file: string | null, ...words: string[]): Promise<{ code: number | null; stderr: string }> {
  const stdout = file === null ? "pipe" : fs.openSync(file, "w");
  const child = spawn(process.execPath, [BOOT, MAIN, ...words], {
    cwd: temporaryFolder(),
    stdio: ["ignore", stdout, "pipe"],
  });
  child.stdout?.destroy();
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (typeof stdout === "number") fs.closeSync(stdout);
  return { code, stderr };
}

const LOST = "seedbed: stdout cannot be written: ENOSPC. Its output is lost.\n";

test.runIf(fs.existsSync("/dev/full"))(
  "a full disk behind stdout is told in one line, exit code 70",
  async () => {
    expect(await withStdout("/dev/full", "list", "--json")).toEqual({ code: 70, stderr: LOST });
    const campaign = await withStdout(
      "/dev/full",
      "campaign",
      "lesson-stale-read",
      "--seed",
      "12",
      "--json",
      "--quiet",
    );
    expect(campaign).toEqual({ code: 70, stderr: LOST });
  },
  60_000,
);

test("a reader that is gone changes no exit code", async () => {
  expect(await withStdout(null, "list")).toEqual({ code: 0, stderr: "" });
  expect(await withStdout(null, "campaign", "lesson-stale-read", "--seed", "12", "--json", "--quiet")).toEqual({
    code: 1,
    stderr: "",
  });
}, 180_000);

test("SIGTERM ends a campaign as Ctrl-C does", async () => {
  let isSent = false;
  const { code, stdout } = await seedbed(["campaign", "lesson-stale-read", "--seeds", "1000"], {
    onErr: (text, kill) => {
      if (isSent || !text.includes("repeats these seeds")) return;
      isSent = true;
      kill("SIGTERM");
    },
  });
  expect(code).toBe(130);
  expect(stdout).toContain("interrupted: ");
}, 180_000);
