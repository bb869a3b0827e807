/** `seedbed tla …` and its flags. */
import type { Argv } from "yargs";
import { common, FLAG, list, text } from "../flags.ts";

export function addTla(parser: Argv, finish: (code: number) => void): void {
  parser.command("tla", "check TLA+ specifications, and runs against them", (command) =>
    command
      .command(
        "check <spec>",
        "explore every state of a specification, with TLC's semantics",
        (check) =>
          model(check)
            .option("continue", { ...FLAG, describe: "go on after a violation, to count everything" })
            .option("depth-first", { ...FLAG, describe: "another order: counterexamples come sooner, and are long" })
            .option("itf", text("itf", "write the counterexample to this file, as ITF JSON"))
            .option("simulate", { ...FLAG, describe: "random walks instead of all states; shows nothing but errors" })
            .option("walks", text("walks", "with --simulate: how many (default 1000)"))
            .option("seed", text("seed", "with --simulate: a whole number; the same walks again (default 1)")),
        async (args) => finish(await (await import("./tla.ts")).tlaCheckCommand(args)),
      )
      .command(
        "coverage <spec>",
        "how often a check took each action",
        (coverage) => model(coverage),
        async (args) => finish(await (await import("./tla.ts")).tlaCoverageCommand(args)),
      )
      .command(
        "cross-check <spec>",
        "check with TLC too (TLA2TOOLS_JAR names its jar), and compare verdict and counts",
        (cross) => model(cross),
        async (args) => finish(await (await import("./tla.ts")).tlaCrossCheckCommand(args)),
      )
      .command(
        "validate <target>",
        "run a repro.json, or one seed of a scenario, again, and judge every step of it by its specification",
        (validate) =>
          common(
            validate
              .positional("target", {
                type: "string",
                demandOption: true,
                describe: "a repro.json, or a scenario with --seed",
              })
              .option("seed", text("seed", "the seed"))
              .option("set", list("set", "hold a setting: name=value (repeatable)"))
              .option("plan", text("plan", "a plan instead of the drawn one")),
          ),
        async (args) => finish(await (await import("./tla-validate.ts")).tlaValidateCommand(args)),
      )
      .demandCommand(1, "tla: a command is missing (check, coverage, cross-check, validate)."),
  );
}

type ModelFlags = {
  spec: string;
  config: string | undefined;
  library: string[];
  "time-limit": string | undefined;
  "max-distinct": string | undefined;
  "max-generated": string | undefined;
  "max-depth": string | undefined;
  "max-memory": string | undefined;
};

function model<T>(command: Argv<T>): Argv<T & ModelFlags & { json: boolean; quiet: boolean; verbose: boolean }> {
  return common(
    command
      .positional("spec", { type: "string", demandOption: true, describe: "a .tla file" })
      .option("config", text("config", "a TLC configuration (default: the .cfg beside the specification)"))
      .option("library", list("library", "also look for modules in this folder (repeatable)"))
      .option("time-limit", text("time-limit", "stop after this: 60s, 5m"))
      .option("max-distinct", text("max-distinct", "stop at so many distinct states"))
      .option("max-generated", text("max-generated", "stop at so many generated states"))
      .option("max-depth", text("max-depth", "do not go deeper than so many states"))
      .option("max-memory", text("max-memory", "stop at about so many MiB (default 3072)")),
  ) as unknown as Argv<T & ModelFlags & { json: boolean; quiet: boolean; verbose: boolean }>;
}
