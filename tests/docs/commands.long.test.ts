import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { blocksOf, type Command, commandsOf, pageNames, readPage, repository } from "./pages.ts";

/** A folder in which the paths of the pages mean what they mean in the repository, but results go elsewhere. */
function workingFolder(page: string): string {
  const folder = temporaryFolder();
  for (const room of ["checkers", "systems", "corpus", "tla"])
    fs.symlinkSync(path.join(repository, room), path.join(folder, room));
  for (const { info, text } of blocksOf(page)) {
    const name = /^ts (\S+)$/.exec(info)?.[1];
    if (name !== undefined) fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const pages = pageNames().map((name) => ({ name, text: readPage(name), commands: commandsOf(readPage(name)) }));

test.each(pages.filter(({ commands }) => commands.length > 0))(
  "every command of $name exits as it says",
  async ({ text, commands }) => {
    const cwd = workingFolder(text);
    const claimed = commands.map(({ line, exitCode }) => ({ line, exitCode }));
    const found: typeof claimed = [];
    let said = "";
    for (const { words, line } of commands as readonly Command[]) {
      const { code, stderr } = await seedbed(words, { cwd });
      found.push({ line, exitCode: code ?? -1 });
      said += `${line}: ${words.join(" ")}\n${stderr.slice(-2000)}\n`;
    }
    fs.rmSync(cwd, { recursive: true, force: true });
    expect(found, said).toEqual(claimed);
  },
  300_000,
);

test("the README says how to call the tool", () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8")) as {
    scripts: { [name: string]: string };
  };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(["seedbed", "start", "test"]));
});

test("a line that is no command, or claims another exit code, is noticed", () => {
  expect(() => commandsOf("```sh\nseedbed list\n```\n")).toThrow("line 2");
  expect(commandsOf("```sh\nnpm run -s seedbed -- run x --seed 'a b'   # exit 64\n```\n")).toEqual([
    { words: ["run", "x", "--seed", "a b"], exitCode: 64, line: 2 },
  ]);
  expect(commandsOf("```sh long\nnpm start\n```\n")).toEqual([]);
});
