import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "./errors.ts";
import { lockFolder } from "./lock.ts";
import { formatLine, type RunLine, readLines } from "./run-line.ts";
import { campaignIn, latestFolder, linkLatest, newRunFolder, Store } from "./store.ts";

const temporary = (): string => fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-store-"));
const CONFIG = { format: 1, base: null, flags: {}, sources: {} };

const line = (change: Partial<RunLine> = {}): RunLine => ({
  scenario: "kv",
  seed: "1",
  verdict: "held",
  digest: "d2753817abacd69d",
  events: 10,
  virtualUs: 20,
  wallMs: 1.5,
  operations: { ok: 1, fail: 0, info: 0 },
  faults: { kill: { injected: 1, effective: 1 } },
  counts: { completed: 1 },
  sometimes: {},
  marks: {},
  properties: [],
  isCorpus: false,
  repro: null,
  ...change,
});

function results(...lines: readonly string[]): string {
  const file = path.join(temporary(), "results.jsonl");
  fs.writeFileSync(file, lines.join(""));
  return file;
}

test("what is written is read again, and a torn last line is dropped with a notice", () => {
  const notices: string[] = [];
  const file = results(formatLine(line()), formatLine(line({ seed: "2" })).slice(0, 50));
  const read = readLines(file, (message) => notices.push(message));
  expect(read).toEqual({ lines: [line()], bytes: formatLine(line()).length });
  expect(notices).toEqual([expect.stringContaining("the last line is torn")]);
});

test.each<[string, string, RegExp]>([
  ["no JSON", "{not json", /line 2 is not valid JSON/],
  ["null", "null", /line 2: expected an object, found null/],
  ["a list", "[]", /line 2: expected an object, found \[\]/],
  ["an empty object", "{}", /line 2: scenario: /],
  ["a verdict that is none", JSON.stringify(line({ verdict: "great" as never })), /line 2: verdict: /],
  ["a number that is text", JSON.stringify(line({ events: "x" as never })), /line 2: events: /],
  ["no operations", JSON.stringify(line({ operations: undefined as never })), /line 2: operations: /],
  ["the run of another line", JSON.stringify(line()), /line 2 is about the same run as line 1/],
  ["two verdicts for a seed", JSON.stringify(line({ verdict: "failed" })), /line 2 is about the same run as line 1/],
])("a line with the right checksum and %s is refused with its place", (_what, json, message) => {
  const raw = json.startsWith("{not") ? withChecksum(json) : formatLine(JSON.parse(json));
  const file = results(formatLine(line()), raw);
  const read = (): unknown => readLines(file, () => {});
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
});

function withChecksum(json: string): string {
  // 37515da9 is the CRC-32 of `{not json`.
  expect(json).toBe("{not json");
  return `${CRC_NOT_JSON} ${json}\n`;
}
const CRC_NOT_JSON = "37515da9";

test("damage before the last line is an error, and so is a results file that is a folder", () => {
  expect(() => readLines(results(`00000000 {}\n`, formatLine(line())), () => {})).toThrow(/line 1 is damaged/);
  expect(() => readLines(temporary(), () => {})).toThrow(/cannot be read \(EISDIR\)/);
});

test.each<[string, string, RegExp]>([
  ["null", "null", /campaign\.json: expected an object, found null/],
  ["another format", '{"format":7}', /format: expected 1, found 7/],
  ["half a document", '{"format":', /is not valid JSON/],
  ["no flags", '{"format":1,"base":null,"sources":{}}', /flags: is missing; expected an object/],
])("a campaign.json with %s is refused", (_what, text, message) => {
  const folder = temporary();
  fs.writeFileSync(path.join(folder, "campaign.json"), text);
  expect(() => campaignIn(folder)).toThrow(message);
  expect(() => campaignIn(folder)).toThrow(UsageError);
});

test("one process at a time goes on with a campaign; a lock that a dead process left is taken over", () => {
  const folder = path.join(temporary(), "a", "b");
  const store = Store.create(folder, CONFIG);
  expect(() => Store.resume(folder, () => {})).toThrow(/is at the campaign in/);
  store.append(line());
  store.close();
  const again = Store.resume(folder, () => {});
  expect(again.lines).toEqual([line()]);
  again.store.close();
  const dead = { pid: 2 ** 22 + 1, started: "1", machine: os.hostname() };
  fs.writeFileSync(path.join(folder, "lock"), JSON.stringify(dead));
  Store.resume(folder, () => {}).store.close();
  fs.writeFileSync(path.join(folder, "lock"), JSON.stringify({ ...dead, pid: process.pid }));
  Store.resume(folder, () => {}).store.close(); // the number of a process that started at another time
  expect(fs.readdirSync(folder).sort()).toEqual(["campaign.json", "results.jsonl"]);
});

test("a lock of another machine is kept, and the message names the file", () => {
  const folder = temporary();
  fs.writeFileSync(path.join(folder, "lock"), JSON.stringify({ pid: 1, started: null, machine: "elsewhere" }));
  expect(() => lockFolder(folder)).toThrow(/Process 1 on elsewhere .* remove .*lock/s);
});

test("a folder that holds a campaign is refused, and so is one that cannot be made", () => {
  const folder = temporary();
  Store.create(folder, CONFIG).close();
  expect(() => Store.create(folder, CONFIG)).toThrow(/--resume/);
  expect(() => Store.create("/proc/seedbed/x", CONFIG)).toThrow(/cannot be used for the results/);
});

test("any seed has a folder of its own, however long or odd", () => {
  const folder = temporary();
  const store = Store.create(folder, CONFIG);
  const seeds = ["a/b", "x".repeat(300), `${"x".repeat(300)}y`, "\ud800", "\ud801", "%", "日".repeat(90), ""];
  const made = seeds.map((seed) => store.writeFailure({ scenario: "kv", seed }, { "repro.json": seed }));
  const corpus = { scenario: "kv", seed: "a/b", corpusId: "0123456789abcdef" };
  made.push(store.writeFailure(corpus, { "repro.json": "corpus" }));
  store.close();
  expect(new Set(made).size).toBe(seeds.length + 1);
  expect(made[0]).toBe(path.join(folder, "failures", "kv-a%2Fb"));
  expect(made.at(-1)).toBe(path.join(folder, "failures", "kv-a%2Fb@corpus-01234567"));
});

test("latest points at a folder as a link or as text, and is never half moved", () => {
  const root = temporary();
  expect(latestFolder(root)).toBe(null);
  const folder = newRunFolder(root, "abc", new Date(0));
  fs.mkdirSync(folder, { recursive: true });
  expect(linkLatest(folder)).toBe(true);
  expect(latestFolder(root)).toBe(fs.realpathSync(folder));
  const latest = path.join(path.dirname(folder), "latest");
  fs.rmSync(latest);
  fs.writeFileSync(latest, `${path.basename(folder)}\n`);
  expect(latestFolder(root)).toBe(folder);
  fs.rmSync(latest);
  fs.mkdirSync(path.join(latest, "x"), { recursive: true });
  expect(linkLatest(folder)).toBe(false);
});
