/** The terminal of a command: where text goes, and whether it may be coloured or redrawn. */
import * as path from "node:path";
import type { Terminal } from "../report/reporters.ts";
import { makeStyle } from "../report/style.ts";

export type Looks = {
  readonly color?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
};

export function makeTerminal(looks: Looks): Terminal {
  const { stdout, stderr, env } = process;
  const isCi = env["CI"] !== undefined && env["CI"] !== "" && env["CI"] !== "false";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    // Failures go to stderr and results to stdout: colour only where both can show it, so that a pipe stays plain.
    style: makeStyle(looks.color, stdout.isTTY === true && stderr.isTTY === true, env),
    isLive: stderr.isTTY === true && !isCi && env["TERM"] !== "dumb",
    isQuiet: looks.quiet ?? false,
    isVerbose: looks.verbose ?? false,
    replayCommand: (repro, scenario, seed) =>
      `${toolCommand()} replay ${repro === null ? `${scenario} --seed ${shellWord(seed)}` : shellWord(shortPath(repro))}`,
  };
}

/** Relative where that is shorter: the command is to be pasted in the same folder. */
function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.length < file.length ? relative : file;
}

/** How the user calls the tool: inside the repository through npm, elsewhere by name. */
export function toolCommand(): string {
  const isInRepository = (process.argv[1] ?? "").endsWith("main.ts");
  return isInRepository ? "npm run -s seedbed --" : "npx seedbed";
}

export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}
