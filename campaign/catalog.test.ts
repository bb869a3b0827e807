import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { selectScenarios } from "./catalog.ts";
import { UsageError } from "./errors.ts";
import { loadUserFile } from "./load-file.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-catalog-"));
let number = 0;
function file(text: string, name = `f${number++}.scenario.mjs`): string {
  const made = path.join(folder, name);
  fs.writeFileSync(made, text);
  return made;
}
const define = (name: string): string =>
  `{ name: ${JSON.stringify(name)}, title: "t", node: () => () => {}, client: () => ({}), operations: () => [], checks: [{ name: "x", check: () => ({}) }], faults: { kinds: [] } }`;

const select = (...names: string[]) => selectScenarios({ arguments: names });

test("two scenarios of one name are refused, in one file, in two, and beside one of the tool", async () => {
  const twice = file(`export const a = ${define("same")}; export const b = ${define("same")};`);
  await expect(select(twice)).rejects.toThrow(/exports two scenarios that are called "same"/);
  const one = file(`export default ${define("same")};`);
  const other = file(`export default [${define("same")}];`);
  await expect(select(one, other)).rejects.toThrow(/Two scenarios are called "same"/);
  const kv = file(`export default ${define("kv")};`);
  await expect(select("kv", kv)).rejects.toThrow(/one comes with the tool, one is in/);
  expect(await select(kv)).toHaveLength(1);
});

test("one scenario under two names, or one file named twice, is one scenario", async () => {
  const both = file(`export const a = ${define("mine")}; export default a; export const list = [a];`);
  expect(await select(both, path.relative(process.cwd(), both))).toHaveLength(1);
});

test("a name that is nearly one gets the one that is meant", async () => {
  await expect(select("kvv")).rejects.toThrow(/Did you mean "kv"/);
  await expect(select("KV")).rejects.toThrow(/Did you mean "kv"/);
  await expect(select("nothing-like-it")).rejects.toThrow(/Scenarios are: /);
});

test.each([
  ["calls process.exit", "process.exit(3);", /calls process\.exit\(3\)/],
  ["calls process.exit and catches it", "try { process.exit(0); } catch {}", /calls process\.exit\(0\)/],
  ["throws", 'throw new Error("no such luck");', /no such luck/],
  ["throws what has no text", "throw Object.create(null);", /has no text/],
  ["rejects", 'Promise.reject(new Error("left alone"));', /left alone/],
  [
    "waits for a timer that never ends",
    "await new Promise(() => setInterval(() => {}, 1000).unref?.());",
    /was not done after/,
  ],
])("a file whose top level %s is an error of usage that names the file", async (_what, text, message) => {
  const name = file(`${text}\nexport default ${define("never")};`);
  const load = loadUserFile(name, { loadMsMax: 300 });
  await expect(load).rejects.toThrow(message);
  await expect(load).rejects.toThrow(name);
  await expect(load).rejects.toBeInstanceOf(UsageError);
});

test("a file cannot set the exit code of the tool", async () => {
  const before = process.exitCode;
  await loadUserFile(file(`process.exitCode = 7; export default ${define("code")};`));
  expect(process.exitCode).toBe(before);
});

test("a folder, and a file that is gone, are told apart", async () => {
  fs.mkdirSync(path.join(folder, "d.ts"));
  await expect(select(path.join(folder, "d.ts"))).rejects.toThrow(/is not a file/);
  await expect(select(path.join(folder, "gone.ts"))).rejects.toThrow(/There is no file/);
});
