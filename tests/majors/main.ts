/**
 * `npm run test:majors [-- A..B]`: the same seeds on every supported major of Node, with one worker and with two, the latter in
 * another order: every digest must be the same, and the tests of SUITES must pass on each. Exit 1 on any difference.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { catalog } from "../../campaign/catalog.ts";
import { readLines } from "../../campaign/store.ts";
import { table } from "../../report/style.ts";
import { type Column, differences } from "./compare.ts";
import { MAJORS, type NodeBinary, nodeOf, repository } from "./nodes.ts";

/** As many as four minutes on two cores allow. */
const SEEDS_DEFAULT = "1..10";

/** Tests whose answer depends on the Node that runs them: frozen digests, and what the guards make of Node's own functions. */
const SUITES = ["golden", "guards"] as const;
type Suite = (typeof SUITES)[number];

type Row = { readonly node: NodeBinary; readonly workers: number; readonly column: Column; readonly seconds: number };

/** Default scenarios and the lessons, which fail: failures must be the same everywhere too. */
function scenarioNames(): string[] {
  return catalog()
    .filter(({ scenario }) => scenario.default !== false || scenario.name.startsWith("lesson-"))
    .map(({ scenario }) => scenario.name);
}

function passes(node: NodeBinary, suite: Suite): boolean {
  const vitest = path.join(repository, "node_modules", "vitest", "vitest.mjs");
  const { status, stdout, stderr } = spawnSync(
    node.execPath,
    [vitest, "run", "--project", "span", `tests/${suite}`, "--reporter", "dot"],
    { cwd: repository, encoding: "utf8", env: { ...process.env, CI: "1", NO_COLOR: "1" } },
  );
  if (status !== 0) process.stderr.write(`tests/${suite} on Node ${node.version}:\n${stdout}\n${stderr}\n`);
  return status === 0;
}

/** The starter of `init`: loading a user's file goes through other hooks of Node on each major. */
function writeStarter(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-majors-"));
  const { status } = spawnSync(process.execPath, ["runtime/boot.mjs", "cli/main.ts", "init", folder], {
    cwd: repository,
  });
  if (status !== 0) throw new Error(`init ended with ${status}`);
  return folder;
}

function campaign(node: NodeBinary, workers: number, seeds: string, names: readonly string[]): Row {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-majors-"));
  const startMs = performance.now();
  const { status, stderr } = spawnSync(
    node.execPath,
    ["runtime/boot.mjs", "cli/main.ts", "campaign", ...names, "--seeds", seeds]
      .concat(["--workers", String(workers), "--quiet", "--json"])
      .concat(["--out", path.join(out, "store")]),
    { cwd: repository, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  // 1: the lessons fail. Anything but a verdict is an error.
  if (status === null || status > 2)
    throw new Error(`the campaign on Node ${node.version} ended with ${status}:\n${stderr}`);
  const { lines } = readLines(path.join(out, "store", "results.jsonl"), (message) => {
    throw new Error(message);
  });
  fs.rmSync(out, { recursive: true, force: true });
  const digests = new Map(lines.map(({ scenario, seed, digest }) => [`${scenario} ${seed}`, digest]));
  return {
    node,
    workers,
    column: { name: `${node.major}/${workers}`, digests },
    seconds: (performance.now() - startMs) / 1000,
  };
}

function main(seeds: string): number {
  const passed = new Map<string, boolean>();
  const rows: Row[] = [];
  const starter = writeStarter();
  const names = [...scenarioNames(), path.join(starter, "register.scenario.ts")];
  for (const major of MAJORS) {
    const node = nodeOf(major);
    for (const suite of SUITES) passed.set(`${suite} ${node.version}`, passes(node, suite));
    for (const workers of [1, 2]) {
      rows.push(campaign(node, workers, seeds, workers === 1 ? names : names.toReversed()));
      process.stderr.write(`Node ${node.version}, ${workers} workers: ${rows.at(-1)!.seconds.toFixed(0)} s\n`);
    }
  }
  fs.rmSync(starter, { recursive: true, force: true });
  const found = differences(rows.map(({ column }) => column));
  const head = ["node", "workers", ...SUITES, "runs", "seconds", "digests equal to the first row"];
  const first = rows[0]!.column.digests;
  const body = rows.map(({ node, workers, column, seconds }) => [
    node.version,
    String(workers),
    ...SUITES.map((suite) => (passed.get(`${suite} ${node.version}`) === true ? "pass" : "FAIL")),
    String(column.digests.size),
    seconds.toFixed(1),
    String([...column.digests].filter(([run, digest]) => digest !== null && first.get(run) === digest).length),
  ]);
  for (const line of table([head, ...body])) process.stdout.write(`${line}\n`);
  for (const { run, found: digests } of found.slice(0, 20)) {
    const told = digests.map((digest, i) => `${rows[i]!.column.name}: ${digest}`).join("  ");
    process.stdout.write(`DIFFERS  ${run}  ${told}\n`);
  }
  process.stdout.write(found.length === 0 ? "all digests equal\n" : `${found.length} runs differ\n`);
  return found.length === 0 && [...passed.values()].every(Boolean) ? 0 : 1;
}

process.exitCode = main(process.argv[2] ?? SEEDS_DEFAULT);
