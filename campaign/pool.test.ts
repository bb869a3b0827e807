import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Pool } from "./pool.ts";
import type { Job } from "./protocol.ts";

/** A runner that answers its jobs in turn with its process; seed "crash" ends it. */
const RUNNER = `
let turn = Promise.resolve();
process.send({ type: "ready" });
process.on("message", ({ job }) => {
  turn = turn.then(() => new Promise((then) => setTimeout(then, 20))).then(() => {
    if (job.input.seed === "crash") process.exit(1);
    process.send({ type: "done", id: job.id, summary: { digest: String(process.pid) }, wallMs: 0, details: null });
  });
});
`;

const entry = pathToFileURL(path.join(fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-pool-")), "runner.mjs"));
fs.writeFileSync(entry, RUNNER);

const jobOf = (id: number, seed: string): Job => ({
  id,
  scenario: { name: "fake", file: null },
  input: { seed },
  hasMonitors: false,
  isDeepChecking: false,
  isTracing: false,
});

/** Runs the jobs of these seeds; the process of each, or why it was killed. */
async function run(seeds: readonly string[], workers: number): Promise<readonly string[]> {
  const results: string[] = [];
  const pool = new Pool({
    workers,
    runMsMax: 30_000,
    residentMbMax: 900,
    entry,
    onResult: (job, result) => {
      results[job.id] =
        result.type === "done" ? String(result.summary.digest) : result.type === "killed" ? result.reason : "error";
    },
  });
  await pool.run(seeds.map((seed, id) => jobOf(id, seed)));
  pool.close();
  return results;
}

test.each([
  [4, 4, 4],
  [2, 8, 2],
  [5, 3, 3],
  [1, 4, 1],
])("%i jobs and %i workers are %i processes", async (jobs, workers, processes) => {
  const results = await run(
    Array.from({ length: jobs }, (_, i) => String(i)),
    workers,
  );
  expect(results.filter((pid) => /^\d+$/.test(pid))).toHaveLength(jobs);
  expect(new Set(results).size).toBe(processes);
});

test("a runner that ends takes its own run with it and no other", async () => {
  const results = await run(["1", "crash", "3", "4", "5", "6", "7"], 2);
  expect(results[1]).toBe("killed: crash");
  expect(results.filter((pid) => /^\d+$/.test(pid))).toHaveLength(6);
});
