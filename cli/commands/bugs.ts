/** `seedbed bugs`: the museum, and what a campaign needs to find each of its bugs. */
import type { Bug } from "../../bugs/bug.ts";
import { BUGS, bugById } from "../../bugs/entries.ts";
import { type HuntJudge, type HuntResult, hunt } from "../../bugs/hunt.ts";
import { buildMutant, patchText } from "../../bugs/mutant.ts";
import { PatchError } from "../../bugs/patch.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { table } from "../../report/style.ts";
import { wholeNumber, workerCount } from "../arguments.ts";
import { makeTerminal } from "../terminal.ts";

export type BugsListArguments = { readonly json: boolean; readonly color?: boolean | undefined };

export type BugsRunArguments = BugsListArguments & {
  readonly ids: readonly string[];
  readonly seeds?: string | undefined;
  readonly starts?: string | undefined;
  readonly clientSeeds?: string | undefined;
  readonly workers?: string | undefined;
  readonly by?: string | undefined;
  readonly quiet: boolean;
};

const SEEDS_DEFAULT = 1000;
const STARTS_DEFAULT = 3;
const CLIENT_SEEDS_DEFAULT = 300;

export function bugsListCommand(args: BugsListArguments): number {
  const terminal = makeTerminal(args);
  if (args.json) {
    demandSources();
    terminal.out(`${JSON.stringify({ bugs: BUGS.map((bug) => ({ ...bug, patch: patchText(bug) })) }, null, 2)}\n`);
    return EXIT.held;
  }
  for (const line of table(BUGS.map((bug) => [`${bug.id}  ${bug.title}`, bug.difficulty, bug.scenario])))
    terminal.out(`${line}\n`);
  return EXIT.held;
}

export async function bugsRunCommand(args: BugsRunArguments): Promise<number> {
  demandSources();
  const terminal = makeTerminal(args);
  const bugs = args.ids.length === 0 ? BUGS : args.ids.map(chosen);
  const number = (flag: string, text: string | undefined, fallback: number): number =>
    text === undefined ? fallback : wholeNumber(flag, text, 1);
  const by = judgeOf(args.by);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  const options = {
    seedsMax: number("--seeds", args.seeds, SEEDS_DEFAULT),
    starts: number("--starts", args.starts, STARTS_DEFAULT),
    clientSeedsMax: number("--client-seeds", args.clientSeeds, CLIENT_SEEDS_DEFAULT),
    workers: workerCount(args.workers),
    by,
    signal: interrupt.signal,
    onProgress: (text: string) => {
      if (!args.quiet) terminal.err(`${text}\n`);
    },
  };
  const results: HuntResult[] = [];
  for (const bug of bugs) {
    if (interrupt.signal.aborted) break;
    try {
      results.push(await hunt(bug, buildMutant(bug), options));
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      terminal.err(`seedbed: the patch of ${bug.id} does not apply to the present sources: ${error.message}\n`);
      return EXIT.internal;
    }
  }
  if (args.json) terminal.out(`${JSON.stringify({ by, bugs: results.map(asJson) }, null, 2)}\n`);
  else
    for (const line of by === "specification" ? describeBySpecification(results) : describe(results))
      terminal.out(`${line}\n`);
  if (interrupt.signal.aborted) return EXIT.interrupted;
  return results.every(({ starts }) => starts.every(({ caught }) => caught)) ? EXIT.held : EXIT.failed;
}

/** The patches are patches of the sources, and the package holds compiled code only. */
function demandSources(): void {
  if (!import.meta.url.endsWith(".ts"))
    throw new UsageError(
      "the museum is built from the sources of the tool, which the package does not hold: clone its repository.",
    );
}

function chosen(id: string): Bug {
  try {
    return bugById(id);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function asJson(result: HuntResult): unknown {
  return {
    id: result.id,
    scenario: result.scenario,
    median: result.median,
    starts: result.starts.map(({ caught, seeds, property, monitor, mismatch }) => ({
      caught,
      seeds,
      property,
      monitor,
      ...(mismatch === null ? {} : { mismatch }),
    })),
    clientOnly: { median: result.medianClient, starts: result.starts.map(({ client }) => client) },
  };
}

function judgeOf(text: string | undefined): HuntJudge {
  if (text === undefined || text === "checks" || text === "specification") return text ?? "checks";
  throw new UsageError(`--by: expected checks or specification, found ${JSON.stringify(text)}.`);
}

/** The action that the first failing run of each start was at, and the guard that was false. */
function describeBySpecification(results: readonly HuntResult[]): string[] {
  const head = ["bug", "caught", "median seeds", "most", "action, and where its first false conjunct stands"];
  const rows = results.map((result) => {
    const caught = result.starts.filter((start) => start.caught);
    const places = caught.map(({ mismatch }) => `${mismatch?.action}${mismatch?.at == null ? "" : `, ${mismatch.at}`}`);
    return [
      result.id,
      `${caught.length}/${result.starts.length}`,
      result.median === null ? "-" : String(result.median),
      String(Math.max(0, ...result.starts.map(({ seeds }) => seeds))),
      [...new Set(places)].sort().join("; ") || "-",
    ];
  });
  return table([head, ...rows]);
}

function describe(results: readonly HuntResult[]): string[] {
  const head = ["bug", "caught", "median seeds", "most", "which check", "clients alone", "median seeds"];
  const rows = results.map((result) => {
    const caught = result.starts.filter((start) => start.caught);
    const clients = result.starts.filter(({ client }) => client.caught);
    const names = [...new Set(caught.map(({ property }) => property ?? ""))].sort();
    return [
      result.id,
      `${caught.length}/${result.starts.length}`,
      result.median === null ? "-" : String(result.median),
      String(Math.max(0, ...result.starts.map(({ seeds }) => seeds))),
      names.join(" ") || "-",
      `${clients.length}/${result.starts.length}`,
      result.medianClient === null ? "-" : String(result.medianClient),
    ];
  });
  return table([head, ...rows]);
}
