import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "./imports.ts";
import { changedSources, hashUserFile, unhashed } from "./sources.ts";

function project(files: { readonly [name: string]: string }): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-imports-")));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

const FILES = {
  "a.scenario.ts":
    'import { scenario } from "seedbed";\nimport fs from "node:fs";\nimport { b } from "./b.js";\n// import "./gone.ts"\n',
  "b.ts": 'export * from "./lib/c.ts";\nimport data from "../outside.json" with { type: "json" };\nexport const b = 1;',
  "lib/c.ts":
    'import { a } from "../a.scenario.ts";\nimport "dep/deep";\nimport own from "#own";\nconst d = require("./d");',
  "lib/d.cjs": "module.exports = 1;",
  "lib/d/index.js": "module.exports = 1;",
  "own.ts": "export default 1;",
  "package.json": '{ "name": "p", "imports": { "#own": "./own.ts" } }',
  "node_modules/dep/package.json": '{ "name": "dep", "version": "1.0.0" }',
};

test("follows imports, exports, require, what TypeScript will write, cycles and a package's own imports", () => {
  const folder = project(FILES);
  const { files, packages, unknown } = importsOf(path.join(folder, "a.scenario.ts"));
  const names = files.map((file) => path.relative(folder, file)).sort();
  expect(names).toEqual(["a.scenario.ts", "b.ts", "lib/c.ts", "lib/d.cjs", "lib/d/index.js", "own.ts"]);
  expect([...packages.keys()]).toEqual(["dep"]);
  expect(unknown).toEqual(["../outside.json"]);
});

test.each([
  ["a file that is imported", "lib/c.ts", "lib/c.ts"],
  ["the package.json of a dependency", "node_modules/dep/package.json", "package dep"],
])("a change of %s is named", (_what, file, name) => {
  const folder = project(FILES);
  const main = path.join(folder, "a.scenario.ts");
  const before = hashUserFile(main);
  fs.appendFileSync(path.join(folder, file), " ");
  expect(changedSources(before, hashUserFile(main))).toEqual([name]);
});

test("a copy of a project has the same names and hashes", () => {
  const here = hashUserFile(path.join(project(FILES), "a.scenario.ts"));
  expect(hashUserFile(path.join(project(FILES), "a.scenario.ts"))).toEqual(here);
});

test("an alias that only a compiler knows has no hash, and that is said", () => {
  const folder = project({ "a.ts": 'import { b } from "@/b";' });
  expect(unhashed(hashUserFile(path.join(folder, "a.ts")))).toEqual(['import "@/b"']);
});

test("a linked package counts by its code", () => {
  const folder = project({
    "app/a.ts": 'import "common";',
    "common/package.json": '{ "name": "common" }',
    "common/index.ts": "export {};",
    "app/node_modules/keep": "",
  });
  fs.symlinkSync(path.join(folder, "common"), path.join(folder, "app/node_modules/common"));
  expect(Object.keys(hashUserFile(path.join(folder, "app/a.ts")))).toEqual([
    "a.ts",
    "../common/index.ts",
    "../common/package.json",
  ]);
});
