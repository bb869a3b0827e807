/** What readers keep apart and what they keep together, judged by the verdict of a register that was written and read. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkHistory, checkerFor, optionsFromText } from "../check.ts";
import { type PlainJson, HistoryError } from "../history.ts";
import { canonicalText, isSameValue } from "../values.ts";
import { ednNumber, jsonNumber } from "./numbers.ts";
import { readHistory } from "./read-history.ts";
import { decodeUtf8 } from "./utf8.ts";

type Form = (written: string, read: string) => string;

const edn: Form = (written, read) =>
  `{:process 0, :type :invoke, :f :write, :value ${written}}\n{:process 0, :type :ok, :f :write, :value ${written}}\n` +
  `{:process 1, :type :invoke, :f :read, :value nil}\n{:process 1, :type :ok, :f :read, :value ${read}}\n`;

const json: Form = (written, read) =>
  `[{"process":0,"type":"invoke","f":"write","value":${written}},{"process":0,"type":"ok","f":"write","value":${written}},` +
  `{"process":1,"type":"invoke","f":"read","value":null},{"process":1,"type":"ok","f":"read","value":${read}}]`;

const jsonl: Form = (written, read) =>
  `{"index":0,"timeUs":0,"process":0,"type":"invoke","f":"write","value":${written}}\n` +
  `{"index":1,"timeUs":1,"process":0,"type":"ok","f":"write","value":${written}}\n` +
  `{"index":2,"timeUs":2,"process":1,"type":"invoke","f":"read","value":null}\n` +
  `{"index":3,"timeUs":3,"process":1,"type":"ok","f":"read","value":${read}}\n`;

const ops: Form = (written, read) =>
  `{"model":"register"}\n{"p":0,"f":"write","v":${written},"r":null,"c":0,"e":1}\n{"p":1,"f":"read","v":null,"r":${read},"c":2,"e":3}\n`;

function verdict(text: string): string {
  return checkHistory(readHistory([text]), { model: "register" }).kind;
}

describe("values of a file", () => {
  const different: readonly [Form, string, string][] = [
    [edn, '"a"', ":a"],
    [edn, ":a", "a"],
    [edn, '"a"', "a"],
    [edn, "\\a", '"a"'],
    [edn, "1", "1.0"],
    [edn, "1", "1M"],
    [edn, "1", '"1"'],
    [edn, "1.0M", "1.00M"],
    [edn, "9007199254740993", "9007199254740992"],
    [edn, "9007199254740993", '"9007199254740993"'],
    [edn, "1709876543210987654", "1709876543210987655"],
    [edn, "{:a 1}", '{"a" 1}'],
    [edn, "{1 2}", '{"1" 2}'],
    [edn, '#inst "2020"', '"2020"'],
    [edn, '#uuid "a"', '#inst "a"'],
    [edn, "##Inf", "##-Inf"],
    [edn, "1/2", "1/3"],
    [edn, "nil", ":nil"],
    [edn, "{:x {:y [1 {:z #{1 2}}]}}", "{:x {:y [1 {:z #{1 3}}]}}"],
    ...[json, jsonl, ops].flatMap((form): [Form, string, string][] => [
      [form, "9007199254740993", "9007199254740992"],
      [form, "18446744073709551615", "18446744073709551614"],
      [form, "0.1234567890123456789", "0.1234567890123456780"],
      [form, "1", '"1"'],
      [form, "1e400", "null"],
      [form, '{"a":[9007199254740993]}', '{"a":[9007199254740992]}'],
      [form, '"\\uffff1"', "1"],
      [form, '"\\uffff9007199254740993"', "9007199254740993"],
    ]),
  ];
  it.each(different.map(([form, written, read]) => [written, read, form(written, read)]))(
    "%s is not %s",
    (_, _2, text) => {
      expect(verdict(text)).toBe("invalid");
    },
  );

  const same: readonly [Form, string, string][] = [
    [edn, "{:a 1, :b 2}", "{:b 2, :a 1}"],
    [edn, "{:x {:b #{3 1} :a 2}}", "{:x {:a 2 :b #{1 3}}}"],
    [edn, "#{[1 2] :a}", "#{:a [1 2]}"],
    [edn, "[1 2]", "(1 2)"],
    [edn, "7", "7N"],
    [edn, "255", "0xff"],
    [edn, "2/4", "1/2"],
    [edn, "-1709876543210987654", "-1709876543210987654"],
    [edn, "#:a{:b 1}", "{:a/b 1}"],
    [edn, "#foo.Bar{:a 1}", "{:a 1}"],
    ...[json, jsonl, ops].flatMap((form): [Form, string, string][] => [
      [form, "1709876543210987654", "1709876543210987654"],
      [form, "1", "1.0"],
      [form, "100", "1e2"],
      [form, "10000000000000000000000", "1e22"],
      [form, '{"a":1,"b":{"d":1,"c":2}}', '{"b":{"c":2,"d":1},"a":1}'],
    ]),
  ];
  it.each(same.map(([form, written, read]) => [written, read, form(written, read)]))("%s is %s", (_, _2, text) => {
    expect(verdict(text)).toBe("valid");
  });

  it("numbers stay apart exactly when their decimal texts do", () => {
    const digits = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
    fc.assert(
      fc.property(digits, digits, fc.nat(3), (left, right, zeros) => {
        const other = `${left}${"0".repeat(zeros)}e-${zeros}`;
        expect(jsonNumber(other)).toBe(jsonNumber(`${left}`));
        expect(jsonNumber(`${left}`) === jsonNumber(`${right}`)).toBe(left === right);
        expect(ednNumber(`${left}`) === ednNumber(`${left + 1n}`)).toBe(false);
        expect(ednNumber(`${left}N`)).toBe(ednNumber(`${left}`));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it("objects are equal whatever the order of their fields", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (fields) => {
        const turned = Object.fromEntries(Object.entries(fields).reverse()) as PlainJson;
        expect(isSameValue(fields as PlainJson, turned)).toBe(true);
        expect(canonicalText(fields as PlainJson)).toBe(canonicalText(turned));
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe("what the JVM prints", () => {
  const objects = [
    '#object[clojure.core$constantly$fn__5740 0x1b2c3d4e "clojure.core$constantly@1b2c3d4e"]',
    '#object["[J" 0x1b2c "[J@1b2c"]',
    "#<Object java.lang.Object@1234 <a> >",
    '#error {:cause "x", :via [{:type java.net.SocketTimeoutException, :at [java.net.X read "X.java" -2]}]}',
    '#"a\\\\d"',
    "#'user/foo",
    "##NaN",
    "\\newline",
    "#:jepsen{:a 1}",
    "017",
    "2r101",
    '#time/duration "PT1S"',
    "#_ #_ 1 2 nil",
  ];
  it.each(objects)("%s in an entry that is left out, or in a field", (object) => {
    const nemesis = `{:type :info, :f :start, :value ${object}, :process :nemesis}\n`;
    const field = `{:process 2, :type :invoke, :f :read, :debug ${object}}{:process 2, :type :ok, :f :read, :value 1, :x ${object}}`;
    expect(verdict(nemesis + edn("1", "1") + field)).toBe("valid");
    expect(verdict(nemesis + edn("1", "2") + field)).toBe("invalid");
  });

  it("##Inf is a value, and does not swallow the next", () => {
    expect(verdict(edn("[##Inf 1]", "[##Inf 2]"))).toBe("invalid");
  });
});

describe("text that is not UTF-8", () => {
  it("is refused with its line, whatever the chunks are", () => {
    const bytes = [...Buffer.from(json('"é"', '"é"').replaceAll("},", "},\n"))];
    const text = (chunk: number, all: readonly number[]): string => {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += chunk) chunks.push(Uint8Array.from(all.slice(at, at + chunk)));
      return [...decodeUtf8(chunks)].join("");
    };
    for (const chunk of [1, 2, 3, 7, 1000]) {
      expect(verdict(text(chunk, bytes))).toBe("valid");
      const bad = [...bytes];
      bad[bad.indexOf(0xa9)] = 0xff;
      expect(() => text(chunk, bad)).toThrow("line 1: expected text in UTF-8, found other bytes (c3");
      expect(() => text(chunk, bytes.slice(0, bytes.indexOf(0xa9)))).toThrow(HistoryError);
    }
    expect(verdict(`\ufeff${edn("1", "1")}`)).toBe("valid");
  });
});

describe("options of a command line", () => {
  const history = readHistory(["{:process 2, :type :invoke, :f :read}{:process 2, :type :ok, :f :read, :value 5}"]);
  const judge = (model: string, init: string): string =>
    checkHistory(history, { model, options: optionsFromText(checkerFor(history, model), { init }) }).kind;
  it("init is JSON for every model that has one", () => {
    for (const model of ["register", "cas-register", "kv", "counter"]) {
      expect(judge(model, "5")).toBe("valid");
      expect(judge(model, "6")).toBe("invalid");
    }
    expect(judge("register", '"5"')).toBe("invalid");
    expect(() => judge("register", "five")).toThrow(
      'option init: expected JSON, found "five"; text is written in quotes',
    );
    expect(() => judge("register", "9007199254740993")).not.toThrow();
  });
  it("names that no model has are refused, those of every object too", () => {
    for (const name of ["toString", "constructor", "Init", "__proto__"]) {
      const options = JSON.parse(`{"${name}": "1"}`) as Record<string, string>;
      expect(() => optionsFromText(checkerFor(history, "register"), options)).toThrow(`no option "${name}"`);
    }
    expect(() => optionsFromText(checkerFor(history, "queue"), { init: "1" })).toThrow('no option "init"');
  });
  it("a first state in the file is taken, or refused by a model that has none", () => {
    const text = '{"model":"cas-register","ops":1,"init":5}\n{"p":0,"f":"read","v":null,"r":5,"c":0,"e":1}\n';
    expect(checkHistory(readHistory([text])).kind).toBe("valid");
    expect(() => checkHistory(readHistory([text]), { model: "set" })).toThrow("model set takes none");
  });
});

describe("operations are judged or refused, never dropped", () => {
  it("processes may have names", () => {
    const named = edn("1", "2").replaceAll(":process 0", ':process "c1"').replaceAll(":process 1", ':process "c2"');
    expect(verdict(named)).toBe("invalid");
    expect(verdict(named.replaceAll('"c2"', ":worker-2"))).toBe("invalid");
    expect(verdict(json("1", "2").replaceAll('"process":0', '"process":"a"'))).toBe("invalid");
    expect(verdict(json("1", "2").replaceAll('"process":', '"client":'))).toBe("invalid");
    expect(() => verdict(edn("1", "1").replace(":process 0", ":process 1.5"))).toThrow(
      "an integer or a name as process",
    );
  });
  it("keys of JSON and EDN are keys", () => {
    const event = (type: string, f: string, key: string, value: string): string =>
      `{"type":"${type}","f":"${f}","key":${key},"value":${value},"process":0}`;
    const keyed = (a: string, b: string, read: string): string =>
      `[${event("invoke", "write", a, "1")},${event("ok", "write", a, "1")},${event("invoke", "write", b, "2")},` +
      `${event("ok", "write", b, "2")},${event("invoke", "read", a, "null")},${event("ok", "read", a, read)}]`;
    expect(verdict(keyed('"a"', '"b"', "1"))).toBe("valid");
    expect(verdict(keyed('"a"', '"b"', "2"))).toBe("invalid");
    expect(verdict(keyed("1", '"1"', "2"))).toBe("invalid");
    expect(verdict(keyed("9007199254740993", "9007199254740992", "2"))).toBe("invalid");
  });
  it("keys name objects of their own, for models of one object too", () => {
    const queue = (key: string): string =>
      `{"model":"queue"}\n{"p":0,"f":"enq","k":"a","v":1,"r":null,"c":0,"e":1}\n{"p":0,"f":"deq","k":"${key}","v":null,"r":null,"c":2,"e":3}\n`;
    expect(checkHistory(readHistory([queue("b")])).kind).toBe("valid");
    expect(checkHistory(readHistory([queue("a")])).kind).toBe("invalid");
  });
  it("times beyond 2^53 do not coincide", () => {
    const text = (call: string): string =>
      `{"model":"register"}\n{"p":0,"f":"write","v":1,"r":null,"c":1700000000000000000,"e":1700000000000000001}\n` +
      `{"p":1,"f":"read","v":null,"r":null,"c":${call},"e":1700000000000000005}\n`;
    expect(checkHistory(readHistory([text("1700000000000000002")])).kind).toBe("invalid");
    expect(checkHistory(readHistory([text("1700000000000000001")])).kind).toBe("valid");
  });
  it("a field that jsonl-ops does not have is refused", () => {
    expect(() => readHistory(['{"model":"register"}\n{"p":0,"f":"read","value":1,"c":0,"e":1}\n'])).toThrow(
      "only the fields p, f",
    );
  });
  it("where every operation failed nothing was judged", () => {
    const failed = edn("1", "1").replaceAll(":type :ok", ":type :fail");
    expect(verdict(failed)).toBe("unknown");
    expect(checkHistory(readHistory([failed]), { model: "stats" }).kind).not.toBe("unknown");
  });
  it("a process that invokes twice is an error for every model", () => {
    const twice =
      '[{"process":0,"type":"invoke","f":"txn","value":[["w",1,1]]},{"process":0,"type":"invoke","f":"txn","value":[["w",1,2]]},{"process":1,"type":"invoke","f":"txn","value":[]},{"process":1,"type":"ok","f":"txn","value":[]}]';
    for (const model of ["rw-register", "list-append", "register", "stats", "causal-consistency"]) {
      expect(() => checkHistory(readHistory([twice]), { model })).toThrow("a second invoke");
    }
  });
  it("100,000 levels of JSON are refused in every format", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    for (const form of [edn, json, jsonl, ops]) {
      expect(() => verdict(form(deep, deep))).toThrow("at most 200 levels of nesting");
    }
  });
});

describe("Jepsen's independent form", () => {
  const text = (key: string, read: string, asked = `[${key} nil]`): string =>
    ['["a" 1]', '["b" 2]']
      .map(
        (value) =>
          `{:process 0, :type :invoke, :f :write, :value ${value}}{:process 0, :type :ok, :f :write, :value ${value}}`,
      )
      .join("\n") +
    `{:process 1, :type :invoke, :f :read, :value ${asked}}{:process 1, :type :ok, :f :read, :value [${key} ${read}]}`;
  const judge = (history: string, model: string, independent?: string): string =>
    checkHistory(readHistory([history]), { model, options: independent === undefined ? {} : { independent } }).kind;
  it.each(["register", "cas-register", "kv"])("is told for %s", (model) => {
    expect(judge(text('"a"', "1"), model)).toBe("valid");
    expect(judge(text('"a"', "2"), model)).toBe("invalid");
    expect(judge(text('"b"', "2"), model)).toBe("valid");
    expect(judge(text(":a", "1"), model)).toBe("invalid");
    expect(judge(text('"a"', "1"), model, "false")).toBe("invalid");
    expect(judge(text('"a"', "1", "nil"), model)).toBe("invalid");
    expect(() => judge(text('"a"', "1", "nil"), model, "true")).toThrow("expected a [key, value] pair, found null");
  });
  it("by option, where nothing reads", () => {
    const queue =
      "{:process 0 :type :invoke :f :enq :value [:a 1]}{:process 0 :type :ok :f :enq :value [:a 1]}{:process 0 :type :invoke :f :deq :value [:b nil]}{:process 0 :type :ok :f :deq :value [:b nil]}";
    expect(judge(queue, "queue", "true")).toBe("valid");
    expect(judge(queue.replaceAll(":b nil", ":a nil"), "queue", "true")).toBe("invalid");
  });
});
