/**
 * Broken histories: sound files of every format with things changed. Each is refused with the file (exit code 64), or judged, and
 * then a completed operation was judged, nothing contradicts what is printed, and the same file gives the same answer again.
 */
import * as fs from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FORMATS, readHistory } from "../../checkers/formats/read-history.ts";
import { CHECKERS } from "../../checkers/check.ts";
import { checkCommand } from "../../cli/commands/check.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { changedJson, type Damage, damage, damaged, jsonChange } from "./changes.ts";
import { everyCase, expectRefusal, type Told, told } from "./project.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261201);

const FILE = "history.file";
const before = process.cwd();
beforeAll(() => process.chdir(fs.realpathSync(temporaryFolder())));
afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

type Sound = { readonly format: (typeof FORMATS)[number]; readonly models: readonly string[]; readonly text: string };

const lines = (...each: readonly unknown[]): string => each.map((line) => `${JSON.stringify(line) ?? ""}\n`).join("");
const event = (index: number, process: number, type: string, f: string, value?: unknown) => ({
  index,
  timeUs: 10 * index,
  process,
  type,
  f,
  ...(value === undefined ? {} : { value }),
});
const jepsen = (process: number, type: string, f: string, value: unknown) => ({ process, type, f, value });

const REGISTER = [
  jepsen(0, "invoke", "write", 1),
  jepsen(0, "ok", "write", 1),
  jepsen(1, "invoke", "read", null),
  jepsen(0, "invoke", "cas", [1, 2]),
  jepsen(1, "ok", "read", 1),
  jepsen(0, "info", "cas", [1, 2]),
];
const TXN = [
  jepsen(0, "invoke", "txn", [["append", "x", 1]]),
  jepsen(0, "ok", "txn", [["append", "x", 1]]),
  jepsen(1, "invoke", "txn", [["r", "x", null]]),
  jepsen(1, "ok", "txn", [["r", "x", [1]]]),
];
const WR = [
  jepsen(0, "invoke", "txn", [
    ["w", "x", 1],
    ["w", "y", 1],
  ]),
  jepsen(0, "ok", "txn", [
    ["w", "x", 1],
    ["w", "y", 1],
  ]),
  jepsen(1, "invoke", "txn", [["r", "x", null]]),
  jepsen(1, "ok", "txn", [["r", "x", 1]]),
];

/** A JSON value as EDN: names are keywords, and so are the type and the function. */
function edn(value: unknown, field = ""): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return `[${value.map((item, i) => edn(item, i === 0 ? "f" : "")).join(" ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, inner]) => `:${name} ${edn(inner, name)}`)
      .join(", ")}}`;
  if (typeof value === "string" && (field === "type" || field === "f") && /^[a-z]+$/.test(value)) return `:${value}`;
  return JSON.stringify(value);
}

/** Formats whose files are values, which can be changed as values. */
const VALUES: readonly {
  readonly format: Sound["format"];
  readonly models: readonly string[];
  readonly rows: readonly object[];
}[] = [
  {
    format: "history-jsonl",
    models: ["kv", "register"],
    rows: [
      { ...event(0, 0, "invoke", "put", "1"), key: "x" },
      { ...event(1, 0, "ok", "put", "1"), key: "x" },
      { ...event(2, 1, "invoke", "get"), key: "x" },
      { ...event(3, 1, "ok", "get", "1"), key: "x" },
    ],
  },
  {
    format: "jsonl-ops",
    models: ["cas-register"],
    rows: [
      { model: "cas-register", ops: 3, init: 5 },
      { p: 0, f: "read", v: null, r: 5, c: 0, e: 1 },
      { p: 0, f: "cas", v: [5, 1], r: true, c: 2, e: 3 },
      { p: 1, f: "write", v: 7, r: null, c: 2, e: null },
    ],
  },
  { format: "jepsen-json", models: ["cas-register"], rows: REGISTER },
  { format: "jepsen-json", models: ["list-append"], rows: TXN },
  { format: "jepsen-json", models: ["rw-register", "causal-consistency", "multi-register"], rows: WR },
  { format: "jepsen-edn", models: ["cas-register"], rows: REGISTER },
  { format: "jepsen-edn", models: ["list-append"], rows: TXN },
  { format: "jepsen-edn", models: ["rw-register", "read-atomic", "multi-register"], rows: WR },
];

const TEXTS: readonly Sound[] = [
  {
    format: "jepsen-log",
    models: ["cas-register"],
    text: "INFO  jepsen.util - 0 :invoke :write 4\nINFO  jepsen.util - 0 :ok :write 4\nINFO  jepsen.util - 3 :invoke :read nil\nINFO  jepsen.util - 3 :ok :read 4\n",
  },
  {
    format: "jepsen-log",
    models: ["register"],
    text: "0\t:invoke\t:write\t7\n0\t:info\t:write\t7\t:timeout\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\t7\n",
  },
  {
    format: "porcupine-kv-edn",
    models: ["kv-append"],
    text: '{:process 0, :type :invoke, :f :append, :key "1", :value "x 0"}\n{:process 0, :type :ok, :f :append, :key "1", :value "x 0"}\n{:process 1, :type :invoke, :f :get, :key "1", :value nil}\n{:process 1, :type :ok, :f :get, :key "1", :value "x 0"}\n',
  },
  {
    format: "awdit-test",
    models: ["read-atomic", "causal-consistency"],
    text: "w 0 1\nw 1 1\n-----\nw 2 1\n=====\nr 0 1\nr 1 1\n",
  },
];

const serialize = (format: Sound["format"], rows: unknown): string => {
  if (!Array.isArray(rows)) return `${JSON.stringify(rows) ?? ""}\n`;
  if (format === "jepsen-edn") return rows.map((row) => `${edn(row)}\n`).join("");
  return format === "jepsen-json" ? `${JSON.stringify(rows)}\n` : lines(...rows);
};

const SOUND: readonly Sound[] = [
  ...VALUES.map(({ rows, ...rest }) => ({ ...rest, text: serialize(rest.format, rows) })),
  ...TEXTS,
];

/** Words that stand in some history somewhere. */
const PIECES =
  ':ok :fail :info :invoke :nemesis nil null true [ ] { } ( ) #{1} #inst "x" 1 -1 1.0 1e400 1/2 9007199254740993 :read :write :cas :txn [[:r :x nil]] ; #_ \\a ##NaN "' +
  ' \u0000 \uFEFF \uffff: \ud800 é , : "__proto__" __proto__ constructor {"a":1} {:a 1} 99999999999999999999 process key w r ' +
  " \n \t";

type Case = { readonly flags: { readonly format?: string; readonly model?: string }; readonly bytes: Buffer };

type TextChange = { readonly at: number; readonly to: number; readonly how: number; readonly piece: string };
const textChange: fc.Arbitrary<TextChange> = fc.record({
  at: fc.nat(),
  to: fc.nat(),
  how: fc.nat({ max: 5 }),
  piece: fc.constantFrom(...PIECES.split(" ")),
});

function changedText(text: string, { at, to, how, piece }: TextChange): string {
  const whole = text.split("\n").slice(0, -1);
  if (how < 2 && whole.length > 0) {
    const [i, j] = [at % whole.length, to % whole.length];
    if (how === 0) whole.splice(i, 1);
    else [whole[i], whole[j]] = [whole[j]!, whole[i]!];
    return whole.map((line) => `${line}\n`).join("");
  }
  const pieces = text.match(/\s+|"[^"\n]*"|[\w:.-]+|./gsu) ?? [];
  if (pieces.length === 0) return piece;
  const [i, j] = [at % pieces.length, to % pieces.length];
  if (how === 2) pieces.splice(i, 1);
  else if (how === 3) pieces.splice(i, 0, pieces[j]!);
  else pieces.splice(i, how === 4 ? 1 : 0, piece);
  return pieces.join("");
}

const flagsOf = (models: readonly string[], format: string): fc.Arbitrary<Case["flags"]> =>
  fc.record(
    {
      model: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...models) },
        { weight: 1, arbitrary: fc.constantFrom(...CHECKERS.map(({ name }) => name)) },
      ),
      format: fc.oneof(
        { weight: 6, arbitrary: fc.constant(format) },
        { weight: 1, arbitrary: fc.constantFrom(...FORMATS) },
      ),
    },
    { requiredKeys: [] },
  );

const oneCase: fc.Arbitrary<Case> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...VALUES).chain(({ format, models, rows }) =>
      fc.record({
        flags: flagsOf(models, format),
        bytes: fc.array(jsonChange, { minLength: 1, maxLength: 2 }).map((changes) => {
          const shifted = rows.slice(changes[0]!.place % 2); // the changes look at the first rows of a list
          const changed = changes.reduce<unknown>((document, change) => changedJson(document, change), shifted);
          return Buffer.from(
            serialize(format, [
              ...rows.slice(0, changes[0]!.place % 2),
              ...(Array.isArray(changed) ? changed : [changed]),
            ]),
            "utf8",
          );
        }),
      }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(...SOUND).chain(({ format, models, text }) =>
      fc.record({
        flags: flagsOf(models, format),
        bytes: fc
          .array(textChange, { minLength: 1, maxLength: 3 })
          .map((changes) => Buffer.from(changes.reduce(changedText, text), "utf8")),
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...SOUND)
      .chain(({ format, models, text }) =>
        fc.record({ flags: flagsOf(models, format), bytes: damage.map((each: Damage) => damaged(text, each)) }),
      ),
  },
);

const check = (flags: Case["flags"]): Promise<Told> =>
  told(() =>
    checkCommand({ files: [FILE], option: [], json: true, quiet: false, verbose: false, color: false, ...flags }),
  );

type Document = {
  readonly format: Sound["format"];
  readonly model: string;
  readonly verdict: "valid" | "invalid" | "unknown";
  readonly operations: number;
  readonly reason: string;
  readonly wallMs?: number;
};

function documentOf({ out, error }: Told): Document {
  if (error !== null) throw error;
  return { ...(JSON.parse(out) as Document), wallMs: 0 };
}

async function answerTo({ flags, bytes }: Case): Promise<"refused" | Document["verdict"]> {
  fs.writeFileSync(FILE, bytes);
  const answer = await check(flags);
  if (answer.code === null) {
    expectRefusal(answer, FILE);
    return "refused";
  }
  const document = documentOf(answer);
  const { format, model, verdict, operations, reason } = document;
  expect(answer.code).toBe({ valid: 0, invalid: 1, unknown: 2 }[verdict]);
  expect(reason).not.toMatch(/undefined|\[object |NaN,|\n\s+at |a bug of/);
  if (verdict !== "valid") expect(reason).not.toBe("");
  const history = readHistory([bytes.toString("utf8")], { format });
  const hasOk =
    history.operations?.some(({ isPending }) => !isPending) ?? history.events.some(({ type }) => type !== "invoke");
  if (verdict !== "unknown") expect({ hasOk, some: operations > 0 }).toEqual({ hasOk: true, some: true });
  // What the answer was about, named, is the same question.
  expect(documentOf(await check({ format, model }))).toEqual(document);
  return verdict;
}

test.each(SOUND.map(({ format, models, text }) => [format, models, text] as const))(
  "%s with %j: the sound one is judged",
  async (format, models, text) => {
    for (const model of models) {
      fs.writeFileSync(FILE, text);
      const document = documentOf(await check({ model, format }));
      expect({ format: document.format, hasOperations: document.operations > 0 }).toEqual({
        format,
        hasOperations: true,
      });
    }
  },
);

/** Each ended in exit code 70. */
test.each([
  [
    "a transaction",
    jepsen(0, "invoke", "txn", [["append", "x", 1]]),
    /expected get, put, append for the model kv-append, found "txn"/,
  ],
  ["an append of nothing", jepsen(0, "invoke", "append", null), /expected a string to write, found null/],
  ["an append of a number", jepsen(0, "invoke", "append", 7), /expected a string to write, found 7/],
])("kv-append with %s is refused", async (_what, invocation, place) => {
  const get = [jepsen(1, "invoke", "get", null), jepsen(1, "ok", "get", "x")];
  fs.writeFileSync(FILE, lines(invocation, { ...invocation, type: "ok" }, ...get));
  expectRefusal(await check({ model: "kv-append", format: "jepsen-json" }), FILE, place);
});

test("every format has a sound one", () => {
  expect(new Set(SOUND.map(({ format }) => format))).toEqual(new Set(FORMATS));
});

test(
  "a history is refused with its file, or something of it is judged",
  async () => {
    const counts = { refused: 0, valid: 0, invalid: 0, unknown: 0 };
    await everyCase(oneCase, { numRuns: CASES, seed: SEED }, async (one) => {
      counts[await answerTo(one)]++;
    });
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(CASES / 10);
    expect(counts.valid + counts.invalid).toBeGreaterThan(CASES / 10);
  },
  30 * 60_000,
);

test(
  "a file of a history never makes the command line end with 70 or in a stack",
  async () => {
    for (const { flags, bytes } of fc.sample(oneCase, { numRuns: PROCESSES, seed: SEED })) {
      fs.writeFileSync(FILE, bytes);
      const named = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
      const { code, stderr } = await seedbed(["check", FILE, ...named], { cwd: process.cwd() });
      expect([0, 1, 2, 64], `${bytes.toString("utf8").slice(0, 300)}\n${stderr}`).toContain(code);
      if (code === 64) expect(stderr).toContain(FILE);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
  20 * 60_000,
);
