/** `npm run bench [-- part …]`: what is fast and how fast, on this machine. Figures, never verdicts. */
import { machineName } from "./measure.ts";
import { benchScheduler } from "./scheduler.ts";

const PARTS: readonly (readonly [string, () => Promise<void>])[] = [["scheduler", benchScheduler]];

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
