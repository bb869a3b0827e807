/**
 * The words of a command line before yargs reads them. yargs would take an empty word for a value, run nothing at all behind `--`, and
 * name the wrong command when a command of a command is mistyped; and it knows no near flag.
 */
import { UsageError } from "../campaign/errors.ts";
import { nearest } from "../nemesis/suggest.ts";
import { toolCommand } from "./terminal.ts";

/** Every command, with those below it. */
export const COMMANDS: { readonly [name: string]: readonly string[] } = {
  campaign: [],
  run: [],
  replay: [],
  check: [],
  tla: ["check", "coverage", "cross-check", "validate"],
  list: [],
  bugs: ["run"],
  corpus: ["add"],
  init: [],
  doctor: [],
  completion: [],
};

/** What stands behind a command without a name. yargs would take `--files b` for it, and then drop one of the two without a word. */
const POSITIONALS: { readonly [command: string]: readonly string[] } = {
  campaign: ["scenarios"],
  run: ["scenario"],
  replay: ["target"],
  check: ["files"],
  tla: ["spec", "target"],
  bugs: ["ids"],
  corpus: ["repros"],
  init: ["folder"],
};

/** Characters of one word in a message. */
const WORD_MAX = 80;

/** The long flags of all commands, for "did you mean"; a test compares them with the help. */
export const FLAGS: readonly string[] =
  "all bail base by client-seeds color config continue depth-first format grep help itf json last-failed library max-depth max-distinct max-failures max-generated max-memory model monitors nemesis no-color no-monitors no-validate option out plan quiet reporter resume scenario seed seeds set simulate starts time-limit validate verbose verify-determinism version walks workers".split(
    " ",
  );

const SHELLS = ["bash", "zsh"];

/** Throws UsageError for words that are none, and for commands that do not exist. Returns what yargs shall read. */
export function demandWords(words: readonly string[]): readonly string[] {
  const empty = words.indexOf("");
  if (empty >= 0) {
    const before = empty === 0 ? "The first argument" : `The argument after ${words[empty - 1]}`;
    throw new UsageError(`${before} is empty. Is a variable of the shell not set?${helpOf(words)}`);
  }
  const end = words.indexOf("--");
  // Behind it everything is an argument and nothing a flag; a file with such a name has a path without one.
  if (end > 0) {
    const files = words.slice(end + 1).map((word) => (word.startsWith("-") ? `./${word}` : word));
    return demandWords([...words.slice(0, end), ...files]);
  }
  demandNoNamedPositional(words);
  const [command, below] = words;
  if (command === "--") throw new UsageError(`A command is missing before --.${helpOf(words)}`);
  if (command === undefined || command.startsWith("-")) return words;
  if (!Object.hasOwn(COMMANDS, command)) throw unknownCommand(command, Object.keys(COMMANDS), "");
  if (command === "completion") return completionWords(words);
  const commands = COMMANDS[command]!;
  if (commands.length > 0 && below !== undefined && !below.startsWith("-") && !commands.includes(below))
    throw unknownCommand(below, commands, `${command} `);
  return words;
}

function demandNoNamedPositional(words: readonly string[]): void {
  const command = words.find((word) => Object.hasOwn(COMMANDS, word));
  for (const name of command === undefined ? [] : (POSITIONALS[command] ?? [])) {
    const found = words.find(
      (word) => word === `--${name}` || word === `--no-${name}` || word.startsWith(`--${name}=`),
    );
    if (found === undefined) continue;
    throw new UsageError(
      `Unknown argument: ${shortened(found)}. What it names stands behind ${command} without a flag.${helpOf(words)}`,
    );
  }
}

function shortened(word: string): string {
  return word.length > WORD_MAX ? `${word.slice(0, WORD_MAX - 1)}…` : word;
}

function unknownCommand(word: string, known: readonly string[], parent: string): UsageError {
  const near = nearest(word, known);
  const hint =
    near === null
      ? `Commands are: ${known.map((name) => parent + name).join(", ")}.`
      : `Did you mean ${parent}${near}?`;
  return new UsageError(
    `There is no command ${JSON.stringify(parent + shortened(word))}. ${hint} Run ${toolCommand()} ${parent}--help.`,
  );
}

/** yargs asks SHELL which script is wanted; a shell that is named wins. */
function completionWords(words: readonly string[]): readonly string[] {
  const shell = words[1];
  if (shell === undefined || shell.startsWith("-")) return words;
  if (!SHELLS.includes(shell))
    throw new UsageError(
      `completion: there is no script for ${JSON.stringify(shell)}; there is one for ${SHELLS.join(" and ")}.`,
    );
  process.env["SHELL"] = shell;
  return words.filter((_word, i) => i !== 1);
}

/** What yargs says, as a sentence, with the flag that may be meant, and whose help to read. */
export function explained(message: string, words: readonly string[]): string {
  const text = message
    .replace(/^Unknown arguments: (\S+), .*$/, (all, first) => (isOneFlag(all) ? `Unknown argument: ${first}` : all))
    .replace(
      /^Not enough non-option arguments: got (\d+), need at least (\d+)$/,
      (_all, got, need) =>
        `Expected at least ${need} argument${need === "1" ? "" : "s"} after the command, found ${got}.`,
    )
    .replace(/^Not enough arguments following: (\S+)$/, (_all, flag) => `--${flag} needs a value.`);
  const sentence = /[.?!]$/.test(text) ? text : `${text}.`;
  return `${sentence.replace(/\S+/g, shortened)}${suggestion(text, words)}${helpOf(words)}`;
}

/** yargs names a flag of two words in both its spellings: "max-distint, maxDistint". */
function isOneFlag(message: string): boolean {
  const names = message.replace(/^Unknown arguments: /, "").split(", ");
  return new Set(names.map(dashed)).size === 1;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function suggestion(text: string, words: readonly string[]): string {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(text)?.[1];
  if (unknown === undefined) return "";
  const isFlag = words.some(
    (word) => word.startsWith("--") && dashed(word.replace(/=.*$/s, "")) === `--${dashed(unknown)}`,
  );
  const near = isFlag ? nearest(dashed(unknown), FLAGS) : null;
  return near === null || near === dashed(unknown) ? "" : ` Did you mean --${near}?`;
}

/** The command that was begun, so that its own help is named. */
function helpOf(words: readonly string[]): string {
  const [command, below] = words;
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) return ` Run ${toolCommand()} --help.`;
  const isBelow = below !== undefined && COMMANDS[command]!.includes(below);
  return ` Run ${toolCommand()} ${command} ${isBelow ? `${below} ` : ""}--help.`;
}
