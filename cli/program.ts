/** The commands and their flags, for yargs. What a command executes is loaded when it is called: `--help` needs none of it. */
import yargs, { type Argv } from "yargs";
import { UsageError } from "../campaign/errors.ts";
import { toolVersion } from "../campaign/sources.ts";
import { addTla } from "./commands/tla-flags.ts";
import { common, FLAG, list, text } from "./flags.ts";
import { demandWords, explained } from "./words.ts";

const validate = text("validate", "runs against their specification: all, or sampled (the default)");
/** `--no-validate` comes as false. */
const VALIDATE = {
  ...validate,
  coerce: (value: unknown): string | false | undefined => (value === false ? false : validate.coerce(value)),
};

/** Runs one command line and returns its exit code. Throws UsageError for what is wrong with it. */
export async function main(words: readonly string[]): Promise<number> {
  const known = demandWords(words);
  let exitCode = 0;
  const finish = (code: number): void => {
    exitCode = code;
  };
  const parser = yargs([...known])
    .scriptName("seedbed")
    .usage("$0 <command>: deterministic simulation and fault injection for stateful distributed systems")
    .parserConfiguration({
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "camel-case-expansion": true,
      "boolean-negation": true,
      "greedy-arrays": false,
    })
    .strict()
    .exitProcess(false)
    .version(toolVersion())
    .alias("h", "help")
    .option("color", {
      type: "boolean",
      describe: "colour, whatever the terminal says (--no-color: none)",
      global: true,
    })
    .demandCommand(1, "A command is missing.")
    .completion("completion", "print a script for shell completion (bash, zsh)")
    .epilogue(
      "Exit codes: 0 held, 1 failed, 2 unknown, 3 nondeterminism, 4 nothing matched, 64 usage, 70 internal error, 130 interrupted.",
    )
    .fail((message, error) => {
      // What yargs itself throws, also around an error of a coerce function, is about the words of the user.
      if (error && error.name !== "YError") throw error;
      throw new UsageError(explained(message ?? error.message, words));
    });
  addCampaign(parser, finish);
  addRunAndReplay(parser, finish);
  addOthers(parser, finish);
  addTla(parser, finish);
  await parser.parseAsync();
  return exitCode;
}

function addCampaign(parser: Argv, finish: (code: number) => void): void {
  parser.command(
    "campaign [scenarios..]",
    "run many seeds",
    (command) =>
      common(
        command
          .positional("scenarios", {
            type: "string",
            array: true,
            default: [] as string[],
            describe: "names, globs, or files that export scenarios",
          })
          .option("seed", list("seed", "exactly this seed (repeatable)"))
          .option("seeds", text("seeds", "A..B: exactly these; N: this many for each scenario"))
          .option("base", text("base", "what the seeds of --seeds N are derived from"))
          .option("set", list("set", "hold a setting: name=value (repeatable)"))
          .option("time-limit", text("time-limit", "start no run after this: 60s, 5m"))
          .option("workers", { ...text("workers", "processes, or a share of the cores: 4, 50%"), alias: "j" })
          .option("bail", { ...FLAG, alias: "x", describe: "stop at the first failure" })
          .option("max-failures", text("max-failures", "stop after this many"))
          .option("last-failed", { ...FLAG, describe: "only what failed in the last campaign" })
          .option("grep", { ...text("grep", "only scenarios whose name matches"), alias: "g" })
          .option("nemesis", text("nemesis", "only these kinds of faults: partition,kill"))
          .option("plan", text("plan", "a plan for every run"))
          .option("reporter", text("reporter", "progress, dot, json, junit, github"))
          .option("out", text("out", "the folder for the results"))
          .option("resume", text("resume", "go on with the campaign in this folder"))
          .option("all", { ...FLAG, describe: "also scenarios that run only by name" })
          .option("monitors", {
            type: "boolean",
            default: true,
            describe: "--no-monitors: only what clients can see is checked",
          })
          .option("validate", VALIDATE)
          .option("verify-determinism", { ...FLAG, describe: "execute every run twice, in other processes" }),
      ),
    async (args) => finish(await (await import("./commands/campaign.ts")).campaignCommand(args)),
  );
}

function addRunAndReplay(parser: Argv, finish: (code: number) => void): void {
  const inputs = <T>(command: Argv<T>) =>
    common(
      command
        .option("seed", text("seed", "the seed"))
        .option("set", list("set", "hold a setting: name=value (repeatable)"))
        .option("plan", text("plan", "a plan instead of the drawn one"))
        .option("validate", VALIDATE),
    );
  parser.command(
    "run <scenario>",
    "run one seed and tell what happens",
    (command) =>
      inputs(
        command.positional("scenario", {
          type: "string",
          demandOption: true,
          describe: "a name, or a file that exports one scenario",
        }),
      ),
    async (args) => finish(await (await import("./commands/run.ts")).runCommand(args)),
  );
  parser.command(
    "replay <target>",
    "run a repro.json again, or one seed of a scenario",
    (command) =>
      inputs(
        command
          .positional("target", {
            type: "string",
            demandOption: true,
            describe: "a repro.json, or a scenario with --seed",
          })
          .option("scenario", text("scenario", "the file that exports the repro's scenario, where it is now")),
      ),
    async (args) => finish(await (await import("./commands/replay.ts")).replayCommand(args)),
  );
}

function addOthers(parser: Argv, finish: (code: number) => void): void {
  parser.command(
    "check <files..>",
    "judge recorded histories",
    (command) =>
      common(
        command
          .positional("files", { type: "string", array: true, demandOption: true, describe: "history files" })
          .option("format", text("format", "instead of detecting it"))
          .option("model", text("model", "the model or checker, where the file does not tell"))
          .option("option", list("option", "an option of the checker: name=value (repeatable)")),
      ),
    async (args) => finish((await import("./commands/check.ts")).checkCommand(args)),
  );
  parser.command(
    "list",
    "scenarios, faults, checkers, formats",
    (command) => command.option("json", { ...FLAG, describe: "one JSON document" }),
    async (args) => finish((await import("./commands/list.ts")).listCommand(args)),
  );
  parser.command("bugs", "historic bugs, and what finds them", (command) =>
    command
      .command(
        "$0",
        "list the museum",
        (list) => list.option("json", { ...FLAG, describe: "one JSON document, with the patches" }),
        async (args) => finish((await import("./commands/bugs.ts")).bugsListCommand(args)),
      )
      .command(
        "run [ids..]",
        "build each bug and count the seeds that a campaign needs to find it",
        (run) =>
          run
            .positional("ids", { type: "string", array: true, default: [] as string[], describe: "ids; default: all" })
            .option("seeds", text("seeds", "give a start up after this many (default 1000)"))
            .option("starts", text("starts", "how many searches for each bug (default 3)"))
            .option(
              "client-seeds",
              text("client-seeds", "after the first catch, try this many more for one that clients see (default 300)"),
            )
            .option(
              "by",
              text("by", "who judges: checks (the default), or specification, the validation of runs alone"),
            )
            .option("workers", { ...text("workers", "processes, or a share of the cores"), alias: "j" })
            .option("quiet", { ...FLAG, alias: "q", describe: "no progress" })
            .option("json", { ...FLAG, describe: "one JSON document" }),
        async (args) => finish(await (await import("./commands/bugs.ts")).bugsRunCommand(args)),
      ),
  );
  parser.command("corpus", "seeds that once failed, run first for ever", (command) =>
    command
      .command(
        "add <repros..>",
        "put repros into corpus/<scenario>.jsonl of the working folder, one a line",
        (add) =>
          add.positional("repros", { type: "string", array: true, demandOption: true, describe: "repro.json files" }),
        async (args) => finish((await import("./commands/corpus.ts")).corpusAddCommand(args)),
      )
      .demandCommand(1, "A command is missing: corpus add."),
  );
  parser.command(
    "init [folder]",
    "write a starter: a system, a scenario, a CI file",
    (command) => command.positional("folder", { type: "string", default: ".", describe: "where to" }),
    async (args) => finish((await import("./commands/init.ts")).initCommand(args)),
  );
  parser.command(
    "doctor",
    "versions, and whether this machine is deterministic",
    (command) => command.option("json", { ...FLAG, describe: "one JSON document" }),
    async (args) => finish(await (await import("./commands/doctor.ts")).doctorCommand(args)),
  );
}
