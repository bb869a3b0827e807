/**
 * `seedbed check` on small histories that users of other tools brought to trackers, and what must come out. Most were answered
 * wrongly once; each row names the report that it was written for. The command is called as the command line calls it.
 */
import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { temporaryFolder } from "../../tests/cli/seedbed.ts";
import { expectRefusal, type Told, told } from "../../tests/broken/project.ts";
import { checkCommand } from "./check.ts";

const before = process.cwd();
beforeAll(() => process.chdir(fs.realpathSync(temporaryFolder())));
afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

type Flags = { readonly model?: string; readonly format?: string; readonly option?: readonly string[] };

function check(files: { readonly [name: string]: string | Buffer }, flags: Flags = {}): Promise<Told> {
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(name, content);
  return checkFiles(Object.keys(files), flags);
}

function checkFiles(files: readonly string[], flags: Flags = {}): Promise<Told> {
  return told(() =>
    checkCommand({ files, option: [], json: true, quiet: false, verbose: false, color: false, ...flags }),
  );
}

/** Operations one after the other as EDN: process, function, what is asked, and what is answered or the same. */
function edn(
  ...operations: readonly (readonly [process: number, f: string, asked: string, answered?: string])[]
): string {
  return operations
    .flatMap(([process, f, asked, answered = asked]) => [
      `{:process ${process}, :type :invoke, :f :${f}, :value ${asked}}\n`,
      `{:process ${process}, :type :ok, :f :${f}, :value ${answered}}\n`,
    ])
    .join("");
}

const txn = (process: number, asked: string, answered = asked): [number, string, string, string] => [
  process,
  "txn",
  asked,
  answered,
];
const readA = (process: number, seen: string) => txn(process, "[[:r :a nil]]", `[[:r :a ${seen}]]`);

/** elle#28: transaction 1 reads what it writes later itself, transaction 2 overwrites it having read it. */
const LOST_NONE = edn(
  txn(0, "[[:r 5 nil] [:w 5 20] [:r 5 nil]]", "[[:r 5 20] [:w 5 20] [:r 5 20]]"),
  txn(1, "[[:r 5 nil] [:w 5 30]]", "[[:r 5 20] [:w 5 30]]"),
);
/** elle#8: 2 is garbage, or the value from before and stale. */
const GARBAGE = edn(txn(0, "[[:w :a 1]]"), readA(0, "2"));
/** elle#8: 2 can only be the value from before, which is read again after it was overwritten and the new one was seen. */
const INITIAL_FIRST = edn(readA(0, "2"), txn(0, "[[:w :a 1]]"), readA(1, "1"), readA(0, "2"));
/** elle#8 and elle#28, comments: two values from before of one key, which nothing writes. */
const NIL_AND_UNWRITTEN = edn(
  readA(0, "nil"),
  readA(0, "2"),
  txn(1, "[[:w :b 1]]"),
  txn(1, "[[:r :b nil] [:r :a nil]]", "[[:r :b 1] [:r :a nil]]"),
);
const readX = (process: number, seen: string) => txn(process, "[[:r :x nil]]", `[[:r :x ${seen}]]`);
/** elle-cli#47: one key, one operation after the other, and an older value after a newer one. */
const NO_INDEX = edn(readX(1, "nil"), txn(1, "[[:w :x 7]]"), txn(2, "[[:w :x 8]]"), readX(1, "8"), readX(2, "7"));

/** jepsen#566: the history.txt that Jepsen stores; the write of 3 came and went. */
const historyTxt = (last: number): string =>
  [
    "0\t:invoke\t:write\t7",
    "0\t:ok\t:write\t7",
    "0\t:invoke\t:write\t3",
    "0\t:info\t:write\t3\t:timeout",
    ...[7, 3, last].flatMap((seen) => ["1\t:invoke\t:read\tnil", `1\t:ok\t:read\t${seen}`]),
    "",
  ].join("\n");
/** yugabyte-db#5383: jepsen.log with the lines of others in it. */
const modernLog = (seen: number): string =>
  `INFO [2024-01-30 20:00:09,733] jepsen test runner - jepsen.core Relative time begins now
INFO [2024-01-30 20:00:09,733] jepsen worker 3 - jepsen.util 3\t:invoke\t:write\t64
INFO [2024-01-30 20:00:09,743] jepsen nemesis - jepsen.util :nemesis\t:info\t:start\tnil
INFO [2024-01-30 20:00:09,753] jepsen worker 3 - jepsen.util 3\t:ok\t:write\t64
INFO [2024-01-30 20:00:09,763] jepsen worker 1 - jepsen.util 1\t:invoke\t:read\tnil
WARN [2024-01-30 20:00:10,318] jepsen nemesis - jepsen.core Process :nemesis crashed
java.util.concurrent.ExecutionException: java.lang.RuntimeException: sudo returned non-zero exit status 2
\tat java.util.concurrent.FutureTask.report(FutureTask.java:122) ~[na:1.8.0_352]
INFO [2024-01-30 20:00:11,763] jepsen worker 1 - jepsen.util 1\t:ok\t:read\t${seen}
`;
/** redisraft#52: the layout with the zone in braces. */
const colonLog = (seen: number): string =>
  `2024-08-10 23:29:43,970{GMT}\tINFO\t[jepsen worker 7] jepsen.util: 7\t:invoke\t:write\t4
2024-08-10 23:29:43,977{GMT}\tINFO\t[jepsen worker 7] jepsen.util: 7\t:ok\t:write\t4
2024-08-10 23:29:43,978{GMT}\tINFO\t[jepsen worker 5] jepsen.util: 5\t:invoke\t:read\tnil
2024-08-10 23:29:43,979{GMT}\tINFO\t[jepsen worker 5] jepsen.util: 5\t:ok\t:read\t${seen}
`;
/** knossos#10: two readers see two writes in opposite orders. `other` is what the second reader saw of key 20. */
const longForkLog = (other: string): string =>
  [
    "7\t:invoke\t:write\t[[:w 20 1]]",
    "8\t:invoke\t:write\t[[:w 21 1]]",
    "1\t:invoke\t:read\t[[:r 21 nil] [:r 20 nil]]",
    "2\t:invoke\t:read\t[[:r 20 nil] [:r 21 nil]]",
    "1\t:ok\t:read\t[[:r 21 1] [:r 20 nil]]",
    `2\t:ok\t:read\t[[:r 20 ${other}] [:r 21 nil]]`,
    "7\t:ok\t:write\t[[:w 20 1]]",
    "8\t:ok\t:write\t[[:w 21 1]]",
    "",
  ]
    .map((line, i) =>
      line === "" ? "" : `INFO [2024-08-10 23:29:43,97${i}] jepsen worker ${line[0]} - jepsen.util ${line}`,
    )
    .join("\n");

const generate = (...ids: readonly string[]): string =>
  edn(...ids.map((id, process): [number, string, string, string] => [process, "generate", "nil", id]));

type Verdict = "valid" | "invalid" | "unknown";
type Row = readonly [what: string, content: string, flags: Flags, verdict: Verdict, told?: RegExp];

const VERDICTS: readonly Row[] = [
  // Written for elle#28.
  ["elle#28, asked for lost updates", LOST_NONE, { option: ["anomalies=lost-update"] }, "valid"],
  [
    "elle#28, the default",
    LOST_NONE,
    { model: "rw-register" },
    "invalid",
    /^Ruled out: read-committed, .*\nfuture-read: (?![\s\S]*lost-update)/,
  ],
  [
    "a lost update",
    edn(txn(0, "[[:w 5 1]]")) +
      "{:process 0, :type :invoke, :f :txn, :value [[:r 5 nil] [:w 5 2]]}\n{:process 1, :type :invoke, :f :txn, :value [[:r 5 nil] [:w 5 3]]}\n" +
      "{:process 0, :type :ok, :f :txn, :value [[:r 5 1] [:w 5 2]]}\n{:process 1, :type :ok, :f :txn, :value [[:r 5 1] [:w 5 3]]}\n",
    { option: ["anomalies=lost-update"] },
    "invalid",
    /^lost-update: /m,
  ],
  // Written for elle#8.
  ["elle#8, garbage", GARBAGE, {}, "invalid"],
  ["elle#8, garbage as text", GARBAGE.replaceAll(":a 2", ':a "no"'), {}, "invalid"],
  ["the value from before, read before it is overwritten", edn(readA(0, "2"), txn(0, "[[:w :a 1]]")), {}, "valid"],
  ["elle#8, the value from before comes back", INITIAL_FIRST, {}, "invalid"],
  ...["rw-register", "causal-consistency", "read-atomic", "read-committed", "multi-register"].map(
    (model): Row => [
      `elle#8, nil beside a value that nothing wrote, ${model}`,
      NIL_AND_UNWRITTEN,
      { model },
      "invalid",
    ],
  ),
  ...["rw-register", "causal-consistency", "read-atomic", "read-committed"].map(
    (model): Row => [
      `one value from before, ${model}`,
      NIL_AND_UNWRITTEN.replaceAll(":ok, :f :txn, :value [[:r :a nil]]", ":ok, :f :txn, :value [[:r :a 2]]").replace(
        ":b 1] [:r :a nil]",
        ":b 1] [:r :a 2]",
      ),
      { model },
      "valid",
    ],
  ),
  // Written for elle-cli#47.
  ["elle-cli#47, without indexes", NO_INDEX, {}, "invalid"],
  ["elle-cli#47, in the right order", NO_INDEX.replace(":value [[:r :x 7]]", ":value [[:r :x 8]]"), {}, "valid"],
  [
    "a write of unknown outcome that takes effect after others",
    "{:process 9, :type :invoke, :f :txn, :value [[:w :x 1]]}\n{:process 9, :type :info, :f :txn, :value [[:w :x 1]]}\n" +
      edn(txn(1, "[[:w :x 2]]"), readX(1, "2"), readX(1, "1")),
    { model: "rw-register" },
    "valid",
  ],
  [
    "of two writes at once, the one that completed first is the later one",
    "{:process 1, :type :invoke, :f :txn, :value [[:w :x 1]]}\n{:process 2, :type :invoke, :f :txn, :value [[:w :x 2]]}\n" +
      "{:process 1, :type :ok, :f :txn, :value [[:w :x 1]]}\n{:process 2, :type :ok, :f :txn, :value [[:w :x 2]]}\n" +
      edn(readX(3, "1")),
    { model: "rw-register" },
    "valid",
  ],
  // Written for jepsen#566, yugabyte-db#5383, redisraft#52 and knossos#10.
  ["jepsen#566, history.txt", historyTxt(7), { model: "register" }, "invalid"],
  ["history.txt of a sound register", historyTxt(3), { model: "register" }, "valid"],
  ["history.txt, its format named", historyTxt(7), { model: "register", format: "jepsen-log" }, "invalid"],
  ["yugabyte-db#5383, jepsen.log", modernLog(65), { model: "register" }, "invalid"],
  ["jepsen.log of a sound register", modernLog(64), { model: "register" }, "valid"],
  ["redisraft#52, jepsen.log with a zone", colonLog(3), { model: "register" }, "invalid"],
  ["jepsen.log with a zone of a sound register", colonLog(4), { model: "register" }, "valid"],
  ["knossos#10, a long fork", longForkLog("1"), { model: "long-fork" }, "invalid"],
  ["no fork", longForkLog("nil"), { model: "long-fork" }, "valid"],
  // Written for snowflake-id#17 and rustflakes#1.
  [
    "snowflake-id#17, ids that differ in the last bit",
    generate("1709876543210987654", "1709876543210987655"),
    { model: "unique-ids" },
    "valid",
  ],
  [
    "rustflakes#1, one id twice",
    generate("1709876543210987654", "1709876543210987654"),
    { model: "unique-ids" },
    "invalid",
    /1709876543210987654/,
  ],
  ["ids of every kind", generate('"n0-1"', "12", '"12"', "[1 2]"), { model: "unique-ids" }, "valid"],
  ["a list twice", generate("[1 2]", "[1 2]"), { model: "unique-ids" }, "invalid"],
  // Knossos' multi-register.edn: its registers are keywords, and JSON cannot say so.
  ...[":x", '"x"', "x"].flatMap((key): Row[] => {
    const history = edn(txn(0, `[[:read ${key} nil]]`, `[[:read ${key} 0]]`));
    const model = "multi-register";
    return [
      [`a first value of the register ${key}`, history, { model, option: ['init={"x":0}'] }, "valid"],
      [`another first value of the register ${key}`, history, { model, option: ['init={"x":1}'] }, "invalid"],
    ];
  }),
  [
    "registers 1 and one named 1",
    edn(txn(0, "[[:w 1 7]]"), txn(0, '[[:r "1" nil]]', '[[:r "1" 7]]')),
    { model: "multi-register" },
    "invalid",
  ],
  // Sets and maps have no order.
  [
    "a set in another order",
    edn([1, "add", "1"], [1, "add", "2"], [2, "read", "nil", "#{2 1}"]),
    { model: "set" },
    "valid",
  ],
  [
    "a set without an element",
    edn([1, "add", "1"], [1, "add", "2"], [2, "read", "nil", "#{2}"]),
    { model: "set" },
    "invalid",
  ],
  [
    "a map in another order",
    edn([1, "write", "{:a 1, :b 2}"], [2, "read", "nil", "{:b 2, :a 1}"]),
    { model: "register" },
    "valid",
  ],
  [
    "another map",
    edn([1, "write", "{:a 1, :b 2}"], [2, "read", "nil", "{:b 1, :a 2}"]),
    { model: "register" },
    "invalid",
  ],
];

const EXIT_CODES: Readonly<Record<Verdict, number>> = { valid: 0, invalid: 1, unknown: 2 };

describe("verdicts", () => {
  for (const [what, content, flags, verdict, reason = /^/] of VERDICTS) {
    it(what, async () => {
      const { code, out, error } = await check({ history: content }, flags);
      expect(error).toBeNull();
      const document = JSON.parse(out) as { verdict: string; reason: string };
      expect(document.verdict).toBe(verdict);
      expect(document.reason).toMatch(reason);
      expect(code).toBe(EXIT_CODES[verdict]);
    });
  }
});

/** The first record of DBCop's history.bincode, and of Cobra's logs: little and big numbers of eight bytes. */
const DBCOP = Buffer.concat([Buffer.alloc(8, 0), Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0, 0, 0, 0, 0, 0])]);
const COBRA = Buffer.from("S\0\0\0\0\0\0\0\u0001W\0\0\0\0\0\0\0\u0001\0\0\0\0\0\0\0\u0007", "latin1");

/** AWDIT's data set holds these formats; they are refused by name, not half read. */
const REFUSED: readonly (readonly [what: string, content: string | Buffer, flags: Flags, told: RegExp])[] = [
  [
    "Plume",
    "w(1,1,0,0)\nw(2,1,0,0)\nr(1,1,1,1)\nr(2,0,1,1)\n",
    { model: "read-atomic" },
    /looks like the text of Plume/,
  ],
  ["PolySI", "r(12, 0, 3, 1)\nw(12, -4, 3, 1)\n", {}, /looks like the text of Plume and PolySI/],
  ["DBCop", DBCOP, {}, /DBCop's history\.bincode/],
  ["text in UTF-16", Buffer.from("\uFEFF{:process 0}", "utf16le"), {}, /line 1: expected text in UTF-8, found UTF-16/],
  ["Cobra", COBRA, {}, /Cobra's logs/],
  [
    "etcd's robustness tests",
    '[{"ClientId":1,"Input":{"Type":"range"},"Call":12,"Output":{},"Return":13}]\n',
    {},
    /looks like the operations\.json of etcd's robustness tests/,
  ],
  ["EDN named jepsen-log", GARBAGE, { format: "jepsen-log" }, /expected lines with process, .* none in 4 lines/],
  ["JSON named jepsen-log", '[{"process":0,"type":"ok"}]\n', { format: "jepsen-log" }, /expected lines with process/],
  ["a log named jepsen-edn", historyTxt(7), { format: "jepsen-edn" }, /line 1/],
];

describe("what is refused", () => {
  it.each(REFUSED)("%s", async (_what, content, flags, reason) => {
    expectRefusal(await check({ "history.txt": content }, flags), "history.txt", reason);
  });
});

test("one file among several that cannot be read hides no verdict of the others", async () => {
  fs.writeFileSync("good.edn", edn([0, "write", "1"], [1, "read", "nil", "1"]));
  fs.writeFileSync("bad.edn", edn([0, "write", "1"], [1, "read", "nil", "2"]));
  fs.writeFileSync("damaged.edn", "{:process 0, :type");
  const files = ["good.edn", "missing.edn", "bad.edn", "damaged.edn"];
  const answer = await checkFiles(files, { model: "register" });
  expectRefusal(answer, /^missing\.edn cannot be read: ENOENT\.$/m, /^damaged\.edn: line 1/m);
  const document = JSON.parse(answer.out) as {
    files: { file: string; verdict?: string; error?: string }[];
    totals: object;
  };
  expect(
    document.files.map(({ file, verdict, error }) => [file, verdict ?? (error === undefined ? "?" : "error")]),
  ).toEqual([
    ["good.edn", "valid"],
    ["missing.edn", "error"],
    ["bad.edn", "invalid"],
    ["damaged.edn", "error"],
  ]);
  expect(document.totals).toEqual({ valid: 1, invalid: 1, unknown: 0, refused: 2 });
});
