/**
 * A streaming reader of EDN and JSON values, for histories of any size.
 *
 * Hand-written rather than by edn-data: that library parses one whole string to one value, keeps no line numbers,
 * and so can neither stream a vector of a million maps nor say where a file was cut. This reader yields the elements of a
 * top-level vector, list or array one by one, and the values of a plain stream likewise; only one is held at a time.
 *
 * Values become plain JSON where JSON can hold them exactly: nil is null, lists are arrays, maps are objects without an order,
 * sets are arrays in one order without repeats. What JSON would confuse is marked (marked-values.ts): keywords, symbols,
 * characters, integers beyond 2^53, 1.0 beside 1, and tagged literals. Names are taken as names where only names can be: the
 * keywords that are fields of a map or head a micro-operation ([:r :x nil]). The tags of maps and vectors are dropped, as the
 * JVM prints records with them. #_ discards, ; comments. JSON is read strictly.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { isKeyword, marked, markedString, nameOf } from "../marked-values.ts";
import { canonicalText, compareText } from "../values.ts";
import { ednNumber, jsonNumber } from "./numbers.ts";

export type Located = { readonly value: PlainJson; readonly line: number };

const END = -1;
const LINE_FEED = 10;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const COLON = 58;
const SEMICOLON = 59;
const BACKSLASH = 92;
const CLOSERS: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };
const DEPTH_MAX = 200;

/** Heads of micro-operations, which stand for functions and not for values. */
const MICRO_FUNCTIONS: ReadonlySet<string> = new Set(
  ["r", "w", "rp", "read", "write", "get", "put", "append", "insert", "add", "send", "poll"].map((name) =>
    marked(`:${name}`),
  ),
);

export type Syntax = "edn" | "json";

/** Yields top-level values; a top-level sequence is opened, and its elements come instead. Throws HistoryError. */
export function* readNestedValues(chunks: Iterable<string>, syntax: Syntax): Generator<Located> {
  const reader = new ValueReader(chunks, syntax);
  for (;;) {
    const next = reader.skipBlank(syntax === "edn");
    if (next === END) return;
    if (next === 91 || next === 40) {
      const line = reader.line;
      const closer = CLOSERS[String.fromCharCode(next)]!; // 91 and 40 are [ and (
      reader.take();
      yield* readElements(reader, closer, line);
    } else {
      const line = reader.line;
      const value = reader.readValue(0);
      if (value !== undefined) yield { value, line };
    }
  }
}

function* readElements(reader: ValueReader, closer: string, openedAt: number): Generator<Located> {
  for (let isFirst = true; ; isFirst = false) {
    if (reader.endsWith(closer, openedAt, isFirst)) return;
    const line = reader.line;
    const value = reader.readValue(1);
    if (value !== undefined) yield { value, line };
  }
}

/** The one value of a text, such as a line of JSON. Throws HistoryError when there is none, or more than one. */
export function readOneValue(text: string, syntax: Syntax, line: number): PlainJson {
  const { value, rest } = readFirstValue(text, syntax, line);
  const more = rest.trim();
  if (more !== "")
    throw new HistoryError(line, `the end of the line after a ${syntax.toUpperCase()} value`, show(more));
  return value;
}

/** The first value of a text, and what follows it. Throws HistoryError. */
export function readFirstValue(text: string, syntax: Syntax, line: number): { value: PlainJson; rest: string } {
  const reader = new ValueReader([text], syntax);
  reader.line = line;
  let value = reader.readValue(0);
  while (value === undefined) value = reader.readValue(0);
  return { value, rest: reader.rest() };
}

class ValueReader {
  readonly #chunks: Iterator<string>;
  readonly #isJson: boolean;
  #buffer = "";
  #at = 0;
  line = 1;

  constructor(chunks: Iterable<string>, syntax: Syntax) {
    this.#chunks = chunks[Symbol.iterator]();
    this.#isJson = syntax === "json";
  }

  peek(): number {
    while (this.#at >= this.#buffer.length) {
      const next = this.#chunks.next();
      if (next.done === true) return END;
      this.#buffer = next.value;
      this.#at = 0;
    }
    return this.#buffer.charCodeAt(this.#at);
  }

  take(): number {
    const code = this.peek();
    if (code === LINE_FEED) this.line += 1;
    this.#at += 1;
    return code;
  }

  /** What is left of the current chunk. */
  rest(): string {
    return this.#buffer.slice(this.#at);
  }

  /** Skips white space, comments and (outside JSON) commas; returns the next character without taking it. */
  skipBlank(commaIsBlank: boolean): number {
    for (;;) {
      const code = this.peek();
      if (code === SEMICOLON && !this.#isJson) {
        while (this.peek() !== END && this.peek() !== LINE_FEED) this.take();
      } else if (code === 32 || (code >= 9 && code <= 13) || code === 0xfeff || (code === COMMA && commaIsBlank)) {
        this.take();
      } else {
        return code;
      }
    }
  }

  /** True when the sequence ends here; its closing bracket is taken. In JSON the comma between elements is demanded. */
  endsWith(closer: string, openedAt: number, isFirst: boolean): boolean {
    let next = this.skipBlank(!this.#isJson);
    if (next === END) throw this.#cut(`${show(closer)} for the bracket of line ${openedAt}`);
    if (next === closer.charCodeAt(0)) {
      this.take();
      return true;
    }
    if (this.#isJson && !isFirst) {
      if (next !== COMMA) throw this.#error(`"," or ${show(closer)}`, next);
      this.take();
      next = this.skipBlank(false);
      if (next === END) throw this.#cut("another element");
    }
    return false;
  }

  /** One value; undefined for a discarded one. */
  readValue(depth: number): PlainJson | undefined {
    if (depth > DEPTH_MAX) throw new HistoryError(this.line, `at most ${DEPTH_MAX} levels of nesting`, "more");
    const code = this.skipBlank(!this.#isJson);
    if (code === END) throw this.#cut("a value");
    if (code === QUOTE) return this.#readString();
    if (code === 123) return this.#readMap(depth);
    if (code === 91 || (code === 40 && !this.#isJson)) {
      return this.#readSequence(String.fromCharCode(code), depth);
    }
    if (code === HASH && !this.#isJson) return this.#readDispatch(depth);
    if (code === BACKSLASH && !this.#isJson) {
      this.take();
      return marked(`\\${this.#readToken(true)}`);
    }
    return this.#interpret(this.#readToken(false), code);
  }

  #readSequence(opener: string, depth: number): PlainJson {
    const line = this.line;
    this.take();
    const closer = CLOSERS[opener]!; // only called with openers
    const items: PlainJson[] = [];
    for (let isFirst = true; !this.endsWith(closer, line, isFirst); isFirst = false) {
      const value = this.readValue(depth + 1);
      if (value !== undefined) items.push(value);
    }
    const [head] = items;
    if (items.length > 1 && isKeyword(head) && MICRO_FUNCTIONS.has(head)) items[0] = nameOf(head)!;
    return items;
  }

  #readMap(depth: number, prefix = ""): PlainJson {
    const line = this.line;
    this.take();
    const fields = new Map<string, PlainJson>();
    for (let isFirst = true; !this.endsWith("}", line, isFirst); isFirst = false) {
      const key = this.readValue(depth + 1);
      if (key === undefined) continue;
      if (this.#isJson) {
        const next = this.skipBlank(false);
        if (typeof key !== "string") throw new HistoryError(this.line, "a string as the name of a field", show(key));
        if (next !== COLON) throw this.#error(`":" after ${show(key)}`, next);
        this.take();
      }
      let value = this.#readFieldValue(depth, line);
      while (value === undefined) value = this.#readFieldValue(depth, line);
      const name = this.#isJson ? (key as string) : fieldName(key, prefix);
      if (fields.has(name)) throw new HistoryError(this.line, "each field once in a map", `${show(key)} twice`);
      fields.set(name, value);
    }
    const names = [...fields.keys()].sort(compareText);
    return Object.fromEntries(names.map((name) => [name, fields.get(name)!]));
  }

  #readFieldValue(depth: number, openedAt: number): PlainJson | undefined {
    const next = this.skipBlank(!this.#isJson);
    if (next === 125) throw new HistoryError(this.line, "a value for each key", `"}" of the map of line ${openedAt}`);
    return this.readValue(depth + 1);
  }

  /** #{set}, #_discarded, #tag value, ##Inf, #"regex", #'var, #:namespace{map}, #<unreadable>. */
  #readDispatch(depth: number): PlainJson | undefined {
    this.take();
    const next = this.peek();
    if (next === 123) return setOf(this.#readSequence("{", depth) as readonly PlainJson[]);
    if (next === 95) {
      this.take();
      // What is discarded may itself be discarded: #_ #_ a b leaves out both.
      while (this.readValue(depth + 1) === undefined);
      return undefined;
    }
    if (next === QUOTE) return marked(`#${JSON.stringify(this.#readString())}`);
    if (next === 60) return this.#readUnreadable();
    const tag = this.#readToken(false);
    if (tag === "") throw this.#error("a tag after #", next);
    if (tag.startsWith("#") || tag.startsWith("'")) return marked(`#${tag}`);
    if (tag.startsWith(":") && this.skipBlank(true) === 123) return this.#readMap(depth, `${tag.slice(1)}/`);
    let value = this.readValue(depth + 1);
    while (value === undefined) value = this.readValue(depth + 1);
    // Records, errors and Java's objects are what they hold; a tagged text or number is another value than the bare one.
    return typeof value === "object" && value !== null ? value : marked(`#${tag} ${canonicalText(value)}`);
  }

  /** #<Object java.lang.Object@1b2c3d4e>, as old versions of Clojure print what cannot be read back. */
  #readUnreadable(): PlainJson {
    const line = this.line;
    let text = "#";
    let depth = 0;
    do {
      const code = this.take();
      if (code === END) throw this.#cut(`">" for the object of line ${line}`);
      if (code === 60) depth += 1;
      if (code === 62) depth -= 1;
      text += String.fromCharCode(code);
    } while (depth > 0);
    return marked(text);
  }

  #readToken(atLeastOne: boolean): string {
    let token = "";
    while (!isDelimiter(this.peek()) || (atLeastOne && token === "" && this.peek() !== END)) {
      token += String.fromCharCode(this.take());
    }
    return token;
  }

  #interpret(token: string, first: number): PlainJson {
    if (token === "") throw this.#error("a value", first);
    if (token === "true" || token === "false") return token === "true";
    if (token === (this.#isJson ? "null" : "nil")) return null;
    if (/^[-+]?\d/.test(token)) return this.#number(token);
    if (this.#isJson) throw new HistoryError(this.line, "a JSON value", show(token));
    return marked(token.startsWith(":") ? token : `'${token}`);
  }

  #number(token: string): PlainJson {
    const value = this.#isJson ? jsonNumber(token) : ednNumber(token);
    if (value === undefined) throw new HistoryError(this.line, "a number", show(token));
    return value;
  }

  #readString(): string {
    const line = this.line;
    this.take();
    let text = "";
    for (;;) {
      const code = this.take();
      if (code === QUOTE) return markedString(text);
      if (code === END) throw this.#cut(`the end of the string of line ${line}`);
      text += code === BACKSLASH ? this.#readEscape() : String.fromCharCode(code);
    }
  }

  #readEscape(): string {
    const code = this.take();
    if (code === END) throw this.#cut("the end of a string");
    const letter = String.fromCharCode(code);
    if (letter === "u") {
      let digits = "";
      for (let i = 0; i < 4 && this.peek() !== END; i += 1) digits += String.fromCharCode(this.take());
      if (!/^[0-9a-fA-F]{4}$/.test(digits))
        throw new HistoryError(this.line, "four hex digits after \\u", show(digits));
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = ESCAPES[letter];
    if (plain === undefined) throw new HistoryError(this.line, "an escape of a string", show(`\\${letter}`));
    return plain;
  }

  #cut(expected: string): HistoryError {
    return new HistoryError(this.line, expected, "the end of the file");
  }

  #error(expected: string, code: number): HistoryError {
    return new HistoryError(
      this.line,
      expected,
      code === END ? "the end of the file" : show(String.fromCharCode(code)),
    );
  }
}

/** Text by which a key of an EDN map is told from every other: a keyword's name, a string in quotes, JSON of the rest. */
function fieldName(key: PlainJson, prefix: string): string {
  if (!isKeyword(key)) return canonicalText(key);
  const name = nameOf(key)!;
  if (!/^[a-zA-Z_*+!?<>=.$%&-]/.test(name) || /^(true|false|null)$/.test(name)) return key;
  return name.includes("/") ? name : prefix + name;
}

/** A set's elements in one order; equal ones are one. */
function setOf(items: readonly PlainJson[]): PlainJson {
  const byText = new Map(items.map((item) => [canonicalText(item), item]));
  const isNumbers = items.every((item) => typeof item === "number");
  const sorted = [...byText].sort((left, right) =>
    isNumbers ? Number(left[1]) - Number(right[1]) : compareText(left[0], right[0]),
  );
  return sorted.map(([, item]) => item);
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  '"': '"',
  "\\": "\\",
  "/": "/",
};

function isDelimiter(code: number): boolean {
  if (code <= 32) return true; // END too
  switch (code) {
    case QUOTE:
    case COMMA:
    case SEMICOLON:
    case 40:
    case 41:
    case 91:
    case 93:
    case 123:
    case 125:
      return true;
    default:
      return false;
  }
}
