/**
 * A streaming reader of EDN and JSON values, for histories of any size.
 *
 * Hand-written rather than by edn-data: that library parses one whole string to one value, keeps no line numbers,
 * and so can neither stream a vector of a million maps nor say where a file was cut. This reader yields the elements of a
 * top-level vector, list or array one by one, and the values of a plain stream likewise; only one is held at a time.
 *
 * Values become plain JSON: keywords and symbols lose their colon and become strings, nil is null, lists and sets become
 * arrays, map keys become strings, tags are dropped. #_ discards, ; comments. Numbers must be exact: integers beyond
 * 2^53 are an error, not a near miss. JSON is read strictly: a colon after each key, a comma between elements.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";

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
      return this.#readToken(true);
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
    return items;
  }

  #readMap(depth: number): PlainJson {
    const line = this.line;
    this.take();
    const fields: [string, PlainJson][] = [];
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
      fields.push([typeof key === "string" ? key : JSON.stringify(key), value]);
    }
    return Object.fromEntries(fields);
  }

  #readFieldValue(depth: number, openedAt: number): PlainJson | undefined {
    const next = this.skipBlank(!this.#isJson);
    if (next === 125) throw new HistoryError(this.line, "a value for each key", `"}" of the map of line ${openedAt}`);
    return this.readValue(depth + 1);
  }

  /** #{set}, #_discarded, #tag value, ##Inf. */
  #readDispatch(depth: number): PlainJson | undefined {
    this.take();
    const next = this.peek();
    if (next === 123) return this.#readSequence("{", depth);
    if (next === 95) {
      this.take();
      this.readValue(depth + 1);
      return undefined;
    }
    const tag = this.#readToken(false);
    if (tag === "") throw this.#error("a tag after #", next);
    let value = this.readValue(depth + 1);
    while (value === undefined) value = this.readValue(depth + 1);
    return value;
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
    return token.startsWith(":") ? token.slice(1) : token;
  }

  #number(token: string): number {
    const text = this.#isJson ? token : token.replace(/[NM]$/, "");
    if (!/^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) throw new HistoryError(this.line, "a number", show(token));
    const value = Number(text);
    if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) {
      throw new HistoryError(this.line, "an integer below 2^53", token);
    }
    return value;
  }

  #readString(): string {
    const line = this.line;
    this.take();
    let text = "";
    for (;;) {
      const code = this.take();
      if (code === QUOTE) return text;
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
