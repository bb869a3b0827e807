import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkHistory } from "../check.ts";
import { CheckUsageError } from "../checker.ts";
import { type HistoryEvent, HistoryError, pairOperations, type PlainJson } from "../history.ts";
import { marked } from "../marked-values.ts";
import { readHistoryJsonl, writeHistoryJsonl } from "./history-jsonl.ts";
import { readNestedValues, type Syntax } from "./nested-values.ts";
import { detectFormat, operationsOf, readHistory } from "./read-history.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

const ETCD = readFileSync(new URL("../fixtures/porcupine/jepsen/etcd_000.log", import.meta.url), "utf8");
const KV = readFileSync(new URL("../fixtures/porcupine/kv/c01-ok.txt", import.meta.url), "utf8");

function values(text: string, syntax: Syntax = "edn"): PlainJson[] {
  return [...readNestedValues([text], syntax)].map(({ value }) => value);
}

/** 2.5e30 without its exponent. */
function expanded(number: number): string {
  const [, sign, digits, power] = /^(-?)([\d.]+)e\+(\d+)$/.exec(number.toString())!;
  const [whole, fraction = ""] = digits!.split(".");
  return `${sign}${whole}${fraction}${"0".repeat(Number(power) - fraction.length)}`;
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof HistoryError || error instanceof CheckUsageError) return error.message;
    throw error;
  }
  return "no error";
}

const read = (text: string): string => messageOf(() => readHistory([text]));

describe("detecting formats", () => {
  it("tells every format from its beginning", () => {
    expect(detectFormat(ETCD)).toBe("jepsen-log");
    expect(detectFormat(KV)).toBe("porcupine-kv-edn");
    expect(detectFormat('{"index":0,"timeUs":1,"process":0,"type":"invoke","f":"get","value":null}\n')).toBe(
      "history-jsonl",
    );
    expect(detectFormat('{"model": "register", "verdict": "ok", "ops": 1}\n')).toBe("jsonl-ops");
    expect(detectFormat("; a comment\n[{:process 1, :type :invoke}")).toBe("jepsen-edn");
    expect(detectFormat("({:process 1}")).toBe("jepsen-edn");
    expect(detectFormat('[{"process":1}')).toBe("jepsen-json");
    expect(detectFormat("r 1 2\n-----\n")).toBe("awdit-test");
    expect(detectFormat("hello")).toBeUndefined();
  });

  it("asks for a name when nothing fits, and names what there is", () => {
    expect(read("hello")).toContain("name one of history-jsonl, jsonl-ops, jepsen-edn");
    expect(messageOf(() => readHistory(["x"], { format: "csv" }))).toContain('no format "csv"');
  });

  it("reads the same whatever the chunks are", () => {
    for (const text of [ETCD, KV]) {
      const whole = readHistory([text]);
      const pieces = readHistory(text.match(/[\s\S]{1,7}/g) ?? []);
      expect(pieces).toEqual(whole);
    }
  });
});

describe("history-jsonl", () => {
  const event: fc.Arbitrary<HistoryEvent> = fc.record(
    {
      index: fc.constant(0),
      timeUs: fc.integer({ min: -1, max: 1e9 }),
      process: fc.nat(1_000_000_000),
      type: fc.constantFrom("invoke", "ok", "fail", "info"),
      f: fc.constantFrom("get", "put"),
      key: fc.string(),
      value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as PlainJson),
      result: fc.boolean(),
    },
    { requiredKeys: ["index", "timeUs", "process", "type", "f", "value"] },
  );

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const history = events.map((one, index) => ({ ...one, index }));
        const text = writeHistoryJsonl(history);
        const once = [...readHistoryJsonl([text])];
        if (!/\d{16}|e\+/.test(text)) expect(once).toEqual(history);
        expect([...readHistoryJsonl([writeHistoryJsonl(once)])]).toEqual(once);
      }),
      { numRuns: 100 },
    );
  });

  it("names the line, what it expected and what it found", () => {
    const line = '{"index":0,"timeUs":1,"process":0,"type":"invoke","f":"get","value":null}';
    expect(read(`${line}\n${line}\n`)).toBe("line 2: expected an index above 0, found 0");
    expect(read(`${line}\n{"index":1,"timeUs"`)).toBe('line 2: expected ":" after "timeUs", found the end of the file');
    expect(read(`${line}\n[1]`)).toBe("line 2: expected a JSON object, found [1]");
    expect(read(`${line}\n${line.replace('"index":0', '"index":1')} {}`)).toBe(
      'line 2: expected the end of the line after a JSON value, found "{}"',
    );
    expect(read(line.replace('"process":0', '"process":0,"process":1'))).toContain("each field once in a map");
    expect(read(line.replace("invoke", "call"))).toBe(
      'line 1: expected invoke, ok, fail or info as type, found "call"',
    );
    expect(read(line.replace('"process":0', '"process":"a"'))).toBe(
      'line 1: expected an integer from 0 to 1000000000 as process, found "a"',
    );
    expect(read(line.replace('"f"', '"g"'))).toMatch(/^line 1: expected only the fields index, .*, found "g"$/);
  });
});

describe("EDN and JSON", () => {
  it("reads every kind of value", () => {
    expect(values('[nil true -3 2.5 7N "a\\n\\u0041" :k/w sym \\c #{1} {:a 1, 2 :b} (1 2) #inst "x" #_ gone]')).toEqual(
      [
        ...[null, true, -3, 2.5, 7, "a\nA", marked(":k/w"), marked("'sym"), marked("\\c"), [1]],
        ...[{ a: 1, 2: marked(":b") }, [1, 2], marked('#inst "x"')],
      ],
    );
    expect(values("{:a 1} ; comment\n{:a 2}")).toEqual([{ a: 1 }, { a: 2 }]);
    expect(values('[{"a":[1,null]}, {"a":true}]', "json")).toEqual([{ a: [1, null] }, { a: true }]);
  });

  it("reads all JSON that there is", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }), (items) => {
        const text = JSON.stringify(items);
        const exact = JSON.parse(text, (_, item: unknown) =>
          typeof item === "number" && Number.isInteger(item) && !Number.isSafeInteger(item)
            ? marked(BigInt(item.toString().includes("e") ? expanded(item) : item.toString()).toString())
            : item,
        ) as PlainJson[];
        expect(values(text, "json")).toEqual(exact);
      }),
      { numRuns: 200 },
    );
  });

  it("says where a file is cut, and what is missing", () => {
    expect(messageOf(() => values("[{:a 1}\n {:a"))).toBe("line 2: expected a value, found the end of the file");
    expect(messageOf(() => values('[{:a 1}\n {:a "x'))).toContain(
      "the end of the string of line 2, found the end of the file",
    );
    expect(messageOf(() => values("[{:a 1}"))).toBe(
      'line 1: expected "]" for the bracket of line 1, found the end of the file',
    );
    expect(messageOf(() => values("{:a}"))).toBe(
      'line 1: expected a value for each key, found "}" of the map of line 1',
    );
    expect(messageOf(() => values('{"a" 1}', "json"))).toBe('line 1: expected ":" after "a", found "1"');
    expect(messageOf(() => values("[1 2]", "json"))).toBe('line 1: expected "," or "]", found "2"');
  });

  it("finds the fault in a whole history that is cut anywhere", () => {
    const text = "[{:process 0, :type :invoke, :f :write, :value 1}\n {:process 0, :type :ok, :f :write, :value 1}]\n";
    for (let length = 1; length < text.length - 1; length += 1) {
      expect(() => readHistory([text.slice(0, length)], { format: "jepsen-edn" })).toThrow(HistoryError);
    }
    expect(readHistory([text]).events.length).toBe(2);
  });
});

describe("jepsen-log", () => {
  it("reads a failed cas as an answer, and a failed read as nothing", () => {
    const lines = ["0 :invoke :cas [1 2]", "0 :fail :cas [1 2]", "1 :invoke :read nil", "1 :fail :read :timed-out"];
    const history = readHistory([`${lines.map((line) => `INFO  jepsen.util - ${line}\n`).join("")}`]);
    const operations = operationsOf(history);
    expect(operations.map(({ f, output }) => [f, output])).toEqual([["cas", false]]);
  });

  it("names a damaged line", () => {
    expect(read("INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\n")).toMatch(
      /^line 2: expected process, type, function and argument/,
    );
    expect(read("INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jep")).toMatch(/^line 2: expected a whole line/);
  });
});

describe("jepsen's fail", () => {
  it("in EDN a failed cas did not happen", () => {
    const text = "{:process 0 :type :invoke :f :cas :value [1 2]}{:process 0 :type :fail :f :cas :value [1 2]}";
    expect(operationsOf(readHistory([text]))).toEqual([]);
  });
});

describe("jsonl-ops", () => {
  const header = '{"model":"register","verdict":"ok","ops":2}\n';
  it("takes equal times for concurrent: a call comes before a return", () => {
    const text = `${header}{"p":0,"f":"write","v":1,"r":null,"c":0,"e":5}\n{"p":1,"f":"read","v":null,"r":null,"c":5,"e":9}\n`;
    expect(checkHistory(readHistory([text])).kind).toBe("valid");
    expect(checkHistory(readHistory([text.replace('"c":5', '"c":6')])).kind).toBe("invalid");
  });

  it("misses operations that the header promises", () => {
    expect(read(`${header}{"p":0,"f":"write","v":1,"r":null,"c":0,"e":5}\n`)).toBe(
      "line 2: expected 2 operations, as the header says, found 1",
    );
  });
});

describe("histories that cannot be", () => {
  const base = { index: 0, timeUs: 0, process: 0, type: "invoke", f: "put", key: "x", value: 1 } as const;
  const pair = (...events: Partial<HistoryEvent>[]): string =>
    messageOf(() => pairOperations(events.map((event, index) => ({ ...base, index, ...event }))));

  it("are refused with what was expected", () => {
    expect(pair({}, {})).toContain("expected the completion of the operation before, found a second invoke");
    expect(pair({ type: "ok" })).toContain("expected an invoke before the completion, found ok");
    expect(pair({}, { type: "ok", f: "get" })).toContain('expected the completion of "put", found "get"');
    expect(pair({ index: 5 }, { index: 5, process: 1 })).toContain("expected an index above 5, found 5");
    expect(pair({}, { type: "ok", value: 2 })).toBe("expected 1, as it was invoked, found 2 (event 1, process 0)");
    expect(pair({}, { type: "ok", value: 2, result: 17 })).toBe("no error");
    expect(pair({}, { type: "info" }, {})).toContain("no invocation by a process after its info");
  });

  it("an empty file is an error, and a history without an answer is unknown", () => {
    expect(read("")).toBe("line 1: expected a history, found an empty file");
    expect(read(" \n")).toBe("line 1: expected a history, found an empty file");
    const pending = readHistory(["[{:process 0 :type :invoke :f :write :value 1}]"]);
    expect(checkHistory(pending, { model: "register" }).kind).toBe("unknown");
    expect(checkHistory(readHistory(["[]"]), { model: "register" }).kind).toBe("unknown");
  });

  it("a model that cannot be told is asked for, with the list", () => {
    const history = readHistory([
      "[{:process 0 :type :invoke :f :fly :value 1}{:process 0 :type :ok :f :fly :value 1}]",
    ]);
    expect(messageOf(() => checkHistory(history))).toContain("name one of register, cas-register, kv");
    expect(messageOf(() => checkHistory(history, { model: "register" }))).toContain(
      'expected read, write, get, put for the model register, found "fly"',
    );
    expect(messageOf(() => checkHistory(history, { model: "bird" }))).toContain('no model "bird"');
    expect(messageOf(() => checkHistory(history, { model: "register", options: { size: 1 } }))).toContain(
      'no option "size"',
    );
  });
});
