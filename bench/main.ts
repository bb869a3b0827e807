/** `npm run bench [-- part …]`: what is fast and how fast, on this machine. Figures, never verdicts. */
import { benchCheckers } from "./checkers.ts";
import { benchCrdt } from "./crdt.ts";
import { benchKv } from "./kv.ts";
import { machineName } from "./measure.ts";
import { benchMembership } from "./membership.ts";
import { benchScheduler } from "./scheduler.ts";
import { benchTla } from "./tla.ts";
import { benchTransactions } from "./transactions.ts";
import { benchWorld } from "./world.ts";

const PARTS: readonly (readonly [string, () => Promise<void>])[] = [
  ["scheduler", benchScheduler],
  ["world", benchWorld],
  ["kv", benchKv],
  ["membership", benchMembership],
  ["checkers", benchAllCheckers],
  ["tla", benchTla],
  ["crdt", benchCrdt],
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PARTS.some(([part]) => part === name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no part ${unknown.join(", ")} (parts are ${PARTS.map(([name]) => name).join(", ")})\n`);
  process.exitCode = 64;
} else {
  process.stdout.write(`${machineName()}\n`);
  for (const [name, part] of PARTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stdout.write(`${name}\n`);
    await part();
  }
}

/** Linearizability first: the transactions leave a large heap behind. */
async function benchAllCheckers(): Promise<void> {
  await benchCheckers();
  await benchTransactions();
}
