/** `seedbed doctor`: versions, and a self-test of what a seed's promise rests on. */
import * as os from "node:os";
import { run } from "../../campaign/execute.ts";
import { loadScenario } from "../../campaign/catalog.ts";
import { EXIT } from "../../campaign/errors.ts";
import { gitCommit, toolVersion } from "../../campaign/sources.ts";
import { spawnRunner } from "../../runtime/spawn.ts";
import { hashText } from "../../sim/hash.ts";
import { negativeLogQ16 } from "../../sim/math.ts";
import { Random } from "../../sim/random.ts";
import { makeTerminal } from "../terminal.ts";

export type DoctorArguments = { readonly json: boolean; readonly color?: boolean | undefined };

type Finding = { readonly name: string; readonly isOk: boolean; readonly found: string };

/** As `engines` in package.json: the least minor version of a major; what is above the last is fine. */
const NODE_MINORS: ReadonlyMap<number, number> = new Map([
  [20, 19],
  [22, 12],
  [24, 0],
]);
const NODE_NEEDED = "20.19, 22.12, or 24 and later";
const SELF_TEST = { scenario: "lesson-stale-read", seed: "doctor" };

export async function doctorCommand(args: DoctorArguments): Promise<number> {
  const findings: Finding[] = [versionFinding(), arithmeticFinding(), await digestFinding(), await runnerFinding()];
  const terminal = makeTerminal(args);
  const commit = gitCommit();
  const facts = {
    tool: toolVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    cores: os.availableParallelism(),
    memoryMb: Math.round(os.totalmem() / 1048576),
    commit: commit === null ? null : `${commit.id}${commit.isDirty ? " with changes" : ""}`,
  };
  const isHealthy = findings.every(({ isOk }) => isOk);
  if (args.json) terminal.out(`${JSON.stringify({ ...facts, isHealthy, findings }, null, 2)}\n`);
  else {
    for (const [name, value] of Object.entries(facts)) terminal.out(`${name.padEnd(10)} ${value ?? "none"}\n`);
    for (const { name, isOk, found } of findings) {
      terminal.out(`${isOk ? terminal.style.green("ok  ") : terminal.style.red("BAD ")} ${name}: ${found}\n`);
    }
  }
  return isHealthy ? EXIT.held : EXIT.failed;
}

function versionFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isOk = major > 24 || minor >= (NODE_MINORS.get(major) ?? Number.POSITIVE_INFINITY);
  return { name: "Node version", isOk, found: `${process.versions.node}, needed is ${NODE_NEEDED}` };
}

/** Known values of the integer arithmetic that every draw goes through. */
function arithmeticFinding(): Finding {
  const found = [hashText("seedbed").lo, new Random("doctor", "x").uint32(), negativeLogQ16(123_456_789)];
  const isOk = JSON.stringify(found) === JSON.stringify(GOLDEN);
  return {
    name: "arithmetic of the streams",
    isOk,
    found: isOk ? "as on every other machine" : `${found.join(", ")}, expected ${GOLDEN.join(", ")}`,
  };
}

const GOLDEN = [1275101186, 447898448, 232608];

/** One run twice in this process, with and without a turn of the event loop after every event. */
async function digestFinding(): Promise<Finding> {
  const scenario = await loadScenario({ name: SELF_TEST.scenario, file: null });
  const first = await run(scenario, { seed: SELF_TEST.seed });
  const second = await run(scenario, { seed: SELF_TEST.seed }, { yieldPolicy: { every: 1 } });
  const isOk = first.digest === second.digest;
  return {
    name: "a run executed twice",
    isOk,
    found: isOk ? `digest ${first.digest} both times` : `digests ${first.digest} and ${second.digest}`,
  };
}

async function runnerFinding(): Promise<Finding> {
  const entry = new URL(
    import.meta.url.endsWith(".ts") ? "../../campaign/runner.ts" : "../../campaign/runner.js",
    import.meta.url,
  );
  const startMs = performance.now();
  const child = spawnRunner({ entry, heapMbMax: 256 });
  const isReady = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), 20_000);
    const settle = (value: boolean): void => {
      clearTimeout(timer);
      resolve(value);
    };
    child.once("message", () => settle(true));
    child.once("exit", () => settle(false));
  });
  child.kill("SIGKILL");
  const found = isReady ? `ready after ${(performance.now() - startMs).toFixed(0)} ms` : "it did not start";
  return { name: "a runner process", isOk: isReady, found };
}
