import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { execute } from "../../campaign/execute.ts";
import { CHECKERS } from "../../checkers/check.ts";
import { FORMATS } from "../../checkers/formats/read-history.ts";
import { EXIT } from "../../campaign/errors.ts";
import { COMMON_SETTINGS } from "../../scenarios/settings.ts";
import { scenarios } from "../../scenarios/index.ts";
import { main } from "../../cli/program.ts";
import { FLAGS } from "../../cli/words.ts";
import { OPERATIONS } from "../../sim/disk/service-queue.ts";
import { expectations } from "../../tla/specs/specs.test.help.ts";
import { pageNames, readPage, repository } from "./pages.ts";

test("every link of every page leads to a file", () => {
  const broken = pageNames().flatMap((name) =>
    [...readPage(name).matchAll(/\]\((?!https?:)([^)#\s]+)/g)]
      .map(([, target]) => path.join(path.dirname(name), target!))
      .filter((target) => !fs.existsSync(path.join(repository, target)))
      .map((target) => `${name}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test("README.md leads to every page", () => {
  const readme = readPage("README.md");
  expect(pageNames().filter((name) => name !== "README.md" && !readme.includes(`](${name})`))).toEqual([]);
});

test("README.md and cli.md know every exit code", () => {
  for (const page of ["README.md", "docs/cli.md"])
    for (const code of Object.values(EXIT)) expect(readPage(page)).toMatch(new RegExp(`\\b${code}\\b`));
});

const HELPS = [
  "campaign",
  "run",
  "replay",
  "check",
  "list",
  "bugs",
  "bugs run",
  "corpus add",
  "init",
  "doctor",
  "tla check",
  "tla coverage",
  "tla cross-check",
  "tla validate",
] as const;
let help = "";

beforeAll(async () => {
  const print = vi.spyOn(console, "log").mockImplementation((text: string) => {
    help += `${text}\n`;
  });
  for (const command of HELPS) await main([...command.split(" "), "--help"]);
  print.mockRestore();
}, 120_000);

/** Long flags, without the `no-` of a boolean that is on by default. */
function flagsOf(text: string): Set<string> {
  return new Set([...text.matchAll(/--([a-z][a-z-]+)/g)].map(([, flag]) => flag!.replace(/^no-/, "")));
}

test("cli.md names every flag of the help, and no other", () => {
  const known = flagsOf(help);
  known.delete("version");
  expect([...flagsOf(readPage("docs/cli.md"))].sort()).toEqual([...known].sort());
});

test("did-you-mean knows every flag of the help, and no other", () => {
  const plain = (flags: readonly string[]): string[] =>
    [...new Set(flags.map((flag) => flag.replace(/^no-/, "")))].sort();
  expect(plain([...FLAGS])).toEqual(plain([...flagsOf(help)]));
});

test("tla.md has the counts on record of every configuration", () => {
  const page = readPage("docs/tla.md");
  const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  const rows = expectations.map(
    ({ spec, config, verdict, total, distinct, depth, continue: isContinued }) =>
      `| \`${spec}\` | \`${config}\`${isContinued === true ? " with `--continue`" : ""} | ${verdict} | ${grouped(total)} | ${grouped(distinct)} | ${depth} |`,
  );
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});

test("no page names a flag that does not exist", () => {
  const known = flagsOf(help);
  const foreign = pageNames().flatMap((name) =>
    [...readPage(name).matchAll(/npm run -s seedbed -- ([^\n#`]*)/g)]
      .flatMap(([, line]) => [...flagsOf(line!)])
      .filter((flag) => !known.has(flag))
      .map((flag) => `${name}: --${flag}`),
  );
  expect(foreign).toEqual([]);
});

test("scenarios.md names every common setting", () => {
  const page = readPage("docs/scenarios.md");
  expect(Object.keys(COMMON_SETTINGS).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("checkers.md names every format and every linearizable model", () => {
  const page = readPage("docs/checkers.md");
  const models = CHECKERS.filter(({ summary }) => summary.startsWith("linearizable")).map(({ name }) => name);
  expect([...FORMATS, ...models].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

/** The first cells of the table: `disk.open`, `close`, … where a name without a component has that of the one before. */
function documentedActions(): Set<string> {
  const actions = new Set<string>();
  for (const row of readPage("docs/trace.md").split("\n")) {
    let component = "";
    for (const [, name] of (/^\| (`[a-z]+\.[^|]*)\|/.exec(row)?.[1] ?? "").matchAll(/`([^`]+)`/g)) {
      if (name!.includes(".")) component = name!.slice(0, name!.indexOf("."));
      actions.add(name!.includes(".") ? name! : `${component}.${name}`);
    }
  }
  return actions;
}

test("trace.md has every action that the sources write", () => {
  const written = ["sim", "nemesis", "campaign"].flatMap((room) =>
    (fs.readdirSync(path.join(repository, room), { recursive: true }) as string[])
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .flatMap((file) => [...fs.readFileSync(path.join(repository, room, file), "utf8").matchAll(/trace\("([^"]+)"/g)])
      .map(([, action]) => action!),
  );
  const expected = [...written, ...OPERATIONS.map((name) => `disk.${name}`)];
  const documented = documentedActions();
  expect(written.length).toBeGreaterThan(10);
  expect(expected.filter((action) => !documented.has(action))).toEqual([]);
});

test("trace.md has every action of runs under all faults, and their lines begin as it says", async () => {
  const kv = scenarios.find(({ name }) => name === "kv")!;
  const seen = new Set<string>();
  for (const seed of ["1", "2", "3"]) {
    const settings = { chaosUs: 1_500_000, transport: seed === "1" ? "connections" : "datagrams" };
    for (const { action } of (await execute(kv, { seed, settings }, { isTracing: true })).trace) seen.add(action);
  }
  const documented = documentedActions();
  expect(seen.size).toBeGreaterThan(15);
  expect([...seen].filter((action) => !documented.has(action))).toEqual([]);
});
