import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { corpusAddCommand } from "./corpus.ts";

const corpus = path.resolve(import.meta.dirname, "../../corpus/kv.jsonl");
const home = process.cwd();

beforeAll(() => {
  process.chdir(fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-corpus-")));
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  const lines = fs.readFileSync(corpus, "utf8").split("\n");
  fs.writeFileSync("one.json", JSON.stringify(JSON.parse(lines[0]!), null, 2));
  fs.writeFileSync("two.json", `\uFEFF${lines[1]!}\r\n`);
});
afterAll(() => {
  process.chdir(home);
  vi.restoreAllMocks();
});

const add = (...repros: string[]): number => corpusAddCommand({ repros });
const lines = (): string[] => fs.readFileSync("corpus/kv.jsonl", "utf8").trimEnd().split("\n");

test("repros are added one a line, each once, also behind a line without its end", () => {
  expect(add("one.json", "one.json")).toBe(0);
  expect(lines()).toHaveLength(1);
  fs.writeFileSync("corpus/kv.jsonl", lines()[0]!);
  expect(add("two.json", "one.json")).toBe(0);
  expect(lines().map((line) => (JSON.parse(line) as { scenario: string }).scenario)).toEqual(["kv", "kv"]);
});

test("what cannot be written leaves the corpus as it was", () => {
  const before = lines();
  fs.writeFileSync("corpus/kv.jsonl", `${before[0]!}\n`);
  fs.mkdirSync("corpus/kv.jsonl.part");
  expect(() => add("two.json")).toThrow(/^corpus.kv\.jsonl cannot be written \(EISDIR\)\.$/);
  expect(lines()).toEqual([before[0]]);
  fs.rmdirSync("corpus/kv.jsonl.part");
});

test.each([
  ["no JSON", "{", /broken\.json is not valid JSON/],
  ["another document", "{}", /broken\.json: /],
  ["a name that leads elsewhere", '"../../x"', /scenario/],
])("%s is refused before anything is written", (_what, text, message) => {
  const sound = fs.readFileSync("one.json", "utf8");
  const isName = text.startsWith('"');
  fs.writeFileSync("broken.json", isName ? sound.replace('"scenario": "kv"', `"scenario": ${text}`) : text);
  const before = lines();
  expect(() => add("one.json", "broken.json")).toThrow(message);
  expect(lines()).toEqual(before);
});
