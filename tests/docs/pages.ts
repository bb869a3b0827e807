/**
 * The pages for people, cut into fenced blocks. The convention: a block `sh` holds commands that a test executes, `sh long` commands
 * that take too long for that; `# exit N` behind a command is what it must exit with (0 without). A block `ts <name>` is a file.
 */
import * as fs from "node:fs";
import * as path from "node:path";

export const repository: string = path.resolve(import.meta.dirname, "../..");

export type Block = { readonly info: string; readonly text: string; readonly line: number };

export type Command = { readonly words: readonly string[]; readonly exitCode: number; readonly line: number };

/** The pages at the root (README.md, ARCHITECTURE.md, …) and docs/*.md, relative to the repository. */
export function pageNames(): string[] {
  const pagesIn = (folder: string): string[] =>
    fs
      .readdirSync(path.join(repository, folder))
      .filter((name) => name.endsWith(".md"))
      .sort();
  return [...pagesIn("."), ...pagesIn("docs").map((name) => `docs/${name}`)];
}

export function readPage(name: string): string {
  return fs.readFileSync(path.join(repository, name), "utf8");
}

export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { info: string; line: number; lines: string[] } | null = null;
  markdown.split("\n").forEach((line, i) => {
    if (!line.startsWith("```")) open?.lines.push(line);
    else if (open === null) open = { info: line.slice(3).trim(), line: i + 1, lines: [] };
    else {
      blocks.push({ info: open.info, line: open.line, text: `${open.lines.join("\n")}\n` });
      open = null;
    }
  });
  if (open !== null) throw new Error(`a block is not closed: ${JSON.stringify(open)}`);
  return blocks;
}

const PREFIX = "npm run -s seedbed -- ";

/** The commands of the blocks that are executed. Throws for a line that is none: a reader would stumble over it too. */
export function commandsOf(markdown: string): Command[] {
  const runnable = blocksOf(markdown).filter(({ info }) => info === "sh");
  return runnable.flatMap(({ text, line }) =>
    text
      .trimEnd()
      .split("\n")
      .map((command, i) => parseCommand(command, line + 1 + i)),
  );
}

function parseCommand(text: string, line: number): Command {
  const match = /^(?<command>.*?)(?:\s+# exit (?<code>\d+))?$/.exec(text);
  const command = match?.groups?.["command"] ?? "";
  if (!command.startsWith(PREFIX))
    throw new Error(`line ${line}: expected "${PREFIX}…", found ${JSON.stringify(text)}`);
  const words = command.slice(PREFIX.length).match(/'[^']*'|\S+/g) ?? [];
  return {
    words: words.map((word) => word.replace(/^'(.*)'$/, "$1")),
    exitCode: Number(match?.groups?.["code"] ?? "0"),
    line,
  };
}
