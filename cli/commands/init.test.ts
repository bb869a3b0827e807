import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test, vi } from "vitest";
import { UsageError } from "../../campaign/errors.ts";
import { initCommand } from "./init.ts";

const temporary = (): string => fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-init-"));

/** What init prints in this folder. */
function printed(folder: string): string {
  let text = "";
  const out = vi.spyOn(process.stdout, "write").mockImplementation((words) => {
    text += String(words);
    return true;
  });
  try {
    initCommand({ folder });
    return text.replaceAll(`${folder}/`, "");
  } finally {
    out.mockRestore();
  }
}

test("every file that is written is named, and what to do next", () => {
  const folder = temporary();
  expect(printed(folder).replace(folder, "FOLDER")).toMatchInlineSnapshot(`
    "wrote register.ts
    wrote register.scenario.ts
    wrote .github/workflows/seedbed.yml
    wrote tsconfig.json
    wrote .gitignore

    Next: cd FOLDER && npx seedbed campaign register.scenario.ts --seeds 50
    "
  `);
  expect(fs.readFileSync(path.join(folder, ".gitignore"), "utf8")).toBe(".seedbed/\nnode_modules/\n");
});

test("the workflow installs what is locked, is bounded in time, may only read, and runs the corpus", () => {
  const folder = temporary();
  printed(folder);
  const workflow = fs.readFileSync(path.join(folder, ".github/workflows/seedbed.yml"), "utf8");
  for (const part of [
    "npm ci",
    "cache: ",
    "timeout-minutes: 15",
    "--time-limit 10m",
    "contents: read",
    "corpus/register.jsonl",
  ])
    expect(workflow).toContain(part);
  expect(workflow).toContain("hashFiles('package-lock.json') != '' && 'npm' || ''");
  expect(workflow).not.toContain("--seeds 1..");
});

test("settings of a compiler above and lines of .gitignore stay as they are", () => {
  const project = temporary();
  fs.writeFileSync(path.join(project, "tsconfig.json"), "{}");
  const folder = path.join(project, "deep", "starter");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, ".gitignore"), "dist\nnode_modules");
  expect(printed(folder)).not.toContain("tsconfig.json");
  expect(fs.readFileSync(path.join(folder, ".gitignore"), "utf8")).toBe("dist\nnode_modules\n.seedbed/\n");
});

test.each([
  ["/proc/foo", /ENOENT/],
  ["/proc/1/foo/bar", /ENOENT/],
  ["/dev/null", /ENOTDIR/],
  ["/dev/null/foo", /ENOTDIR/],
])("%s ends at once, as an error of usage", (folder, code) => {
  const error = (() => {
    try {
      return printed(folder);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(UsageError);
  expect((error as Error).message).toMatch(code);
});

test("what cannot be written whole leaves nothing that a second init would stumble over", () => {
  const folder = temporary();
  fs.writeFileSync(path.join(folder, ".github"), "a file");
  expect(() => printed(folder)).toThrow(/cannot be written \(ENOTDIR\)/);
  expect(fs.readdirSync(folder)).toEqual([".github"]);
  fs.rmSync(path.join(folder, ".github"));
  fs.mkdirSync(path.join(folder, ".gitignore"));
  expect(() => printed(folder)).toThrow(/cannot be written \(EISDIR\)/);
  fs.rmdirSync(path.join(folder, ".gitignore"));
  expect(printed(folder)).toContain("wrote register.ts");
  expect(() => printed(folder)).toThrow(/has register\.ts, .* already, and init overwrites nothing/);
});
