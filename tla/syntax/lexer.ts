/**
 * Lexer for TLA+: text of one file to tokens with positions, comments dropped.
 *
 * Columns matter (junction lists are read by column), so a tab advances to the next multiple of eight, as in SANY.
 * Limits: none besides memory; the whole file is turned into tokens at once.
 */
import { type Span, TlaError } from "../errors.ts";
import { infixOperators, postfixOperators, prefixOperators, synonyms } from "./operators.ts";

/**
 * `word`: identifier or keyword; `op`: operator or punctuation, by its normal name; `step`: a proof step such as
 * `<1>2.`; `rule`: four or more dashes; `end`: four or more equal signs; `eof`.
 */
export type TokenKind = "word" | "number" | "string" | "op" | "step" | "rule" | "end" | "eof";
export type Token = {
  readonly kind: TokenKind;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Offset in the text, so that the parser can see whether two tokens touch. */
  readonly start: number;
  readonly end: number;
};

const punctuation = [
  "==",
  "<<",
  ">>",
  "]_",
  ">>_",
  "[",
  "]",
  "(",
  ")",
  "{",
  "}",
  ",",
  ":",
  "::",
  ";",
  ".",
  "!",
  "@",
  "|->",
  "->",
  "<-",
  "_",
  "\\A",
  "\\E",
  "\\AA",
  "\\EE",
  "<>",
  "[]",
  "~",
  "'",
];

/** Symbol spellings by their first character, longest first. Backslash words are read separately. */
function symbolsByFirst(): Map<string, string[]> {
  const all = new Set<string>(punctuation);
  for (const table of [infixOperators, prefixOperators, postfixOperators])
    for (const name of table.keys()) all.add(name);
  for (const name of synonyms.keys()) all.add(name);
  all.delete("-.");
  const byFirst = new Map<string, string[]>();
  for (const symbol of all) {
    if (/^[A-Z]/.test(symbol) || /^\\[A-Za-z]/.test(symbol)) continue;
    const list = byFirst.get(symbol[0]!) ?? [];
    list.push(symbol);
    byFirst.set(symbol[0]!, list);
  }
  for (const list of byFirst.values()) list.sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return byFirst;
}

const symbols: ReadonlyMap<string, string[]> = symbolsByFirst();
const wordPattern = /[A-Za-z0-9_]+/y;
const backslashWord = /\\[A-Za-z]+/y;
const basedNumber = /\\[bB][01]+|\\[oO][0-7]+|\\[hH][0-9a-fA-F]+/y;
const stepPattern = /<(?:\d+|\*|\+)>[A-Za-z0-9_]*\.*/y;

type Cursor = { text: string; module: string; offset: number; line: number; column: number };

/** Turns a file's text into tokens. Throws TlaError (syntax) for a character or string that cannot be read. */
export function tokenize(text: string, module: string): Token[] {
  // A byte order mark is no part of the text.
  const cursor: Cursor = { text: text.replace(/^\uFEFF/, ""), module, offset: 0, line: 1, column: 1 };
  const tokens: Token[] = [];
  let depth = 0;
  skipToModule(cursor);
  while (skipBlank(cursor)) {
    const token = readToken(cursor);
    if (token.text === "MODULE" && tokens[tokens.length - 1]?.kind === "rule") depth++;
    tokens.push(token);
    if (token.kind === "end" && --depth === 0) skipToModule(cursor);
  }
  const { line, column, offset } = cursor;
  tokens.push({
    kind: "eof",
    text: "end of file",
    line,
    column,
    endLine: line,
    endColumn: column,
    start: offset,
    end: offset,
  });
  return tokens;
}

/** Outside modules there may be any text: moves to the next header, or to the end. Texts without modules stay as they are. */
function skipToModule(cursor: Cursor): void {
  const header = /-{4,}[ \t]*MODULE\s/g;
  header.lastIndex = cursor.offset;
  const found = header.exec(cursor.text);
  if (found !== null) advance(cursor, found.index - cursor.offset);
  else if (cursor.offset > 0) advance(cursor, cursor.text.length - cursor.offset);
}

function advance(cursor: Cursor, count: number): void {
  for (let i = 0; i < count; i++) {
    const char = cursor.text[cursor.offset];
    cursor.offset++;
    if (char === "\n") {
      cursor.line++;
      cursor.column = 1;
    } else if (char === "\t") cursor.column += 8 - ((cursor.column - 1) % 8);
    else cursor.column++;
  }
}

/** Moves past white space and comments; false at the end of the text. */
function skipBlank(cursor: Cursor): boolean {
  const { text } = cursor;
  while (cursor.offset < text.length) {
    const char = text[cursor.offset]!;
    if (char === " " || char === "\n" || char === "\r" || char === "\t" || char === "\f" || char === "\u00a0")
      advance(cursor, 1);
    else if (text.startsWith("\\*", cursor.offset)) {
      while (cursor.offset < text.length && text[cursor.offset] !== "\n") advance(cursor, 1);
    } else if (text.startsWith("(*", cursor.offset)) skipComment(cursor);
    else return true;
  }
  return false;
}

function skipComment(cursor: Cursor): void {
  const start = here(cursor, 2);
  let depth = 0;
  do {
    if (cursor.text.startsWith("(*", cursor.offset)) {
      depth++;
      advance(cursor, 2);
    } else if (cursor.text.startsWith("*)", cursor.offset)) {
      depth--;
      advance(cursor, 2);
    } else if (cursor.offset >= cursor.text.length) {
      throw new TlaError("syntax", 'expected "*)" to close this comment, found end of file', start);
    } else advance(cursor, 1);
  } while (depth > 0);
}

function here(cursor: Cursor, length: number): Span {
  const { module, line, column } = cursor;
  return { module, line, column, endLine: line, endColumn: column + length - 1 };
}

function take(cursor: Cursor, kind: TokenKind, length: number, text: string): Token {
  const { line, column, offset } = cursor;
  advance(cursor, length);
  return {
    kind,
    text,
    line,
    column,
    endLine: line,
    endColumn: column + length - 1,
    start: offset,
    end: offset + length,
  };
}

function match(pattern: RegExp, cursor: Cursor): string | undefined {
  pattern.lastIndex = cursor.offset;
  return pattern.exec(cursor.text)?.[0];
}

function readToken(cursor: Cursor): Token {
  const { text, offset } = cursor;
  const char = text[offset]!;
  if (char === '"') return readString(cursor);
  const word = match(wordPattern, cursor);
  if (word !== undefined) return readWord(cursor, word);
  if (char === "-" && text.startsWith("----", offset)) return readRun(cursor, "rule", "-");
  if (char === "=" && text.startsWith("====", offset)) return readRun(cursor, "end", "=");
  const step = match(stepPattern, cursor);
  if (step !== undefined) return take(cursor, "step", step.length, step);
  if (char === "\\") {
    const based = match(basedNumber, cursor);
    if (based !== undefined && !/[A-Za-z]/.test(text[offset + based.length] ?? "")) {
      const radix = { b: 2, o: 8, h: 16 }[based[1]!.toLowerCase()] ?? 10;
      return take(cursor, "number", based.length, String(Number.parseInt(based.slice(2), radix)));
    }
    const named = match(backslashWord, cursor);
    if (named !== undefined) {
      const name = synonyms.get(named) ?? named;
      if (!infixOperators.has(name) && !punctuation.includes(name) && !prefixOperators.has(name)) {
        throw new TlaError("syntax", `unknown operator ${named}`, here(cursor, named.length));
      }
      return take(cursor, "op", named.length, name);
    }
  }
  for (const symbol of symbols.get(char) ?? []) {
    if (text.startsWith(symbol, offset)) return takeSymbol(cursor, symbol);
  }
  const found = String.fromCodePoint(text.codePointAt(offset)!);
  throw new TlaError("syntax", `unexpected character ${JSON.stringify(found)}`, here(cursor, found.length));
}

function takeSymbol(cursor: Cursor, symbol: string): Token {
  const name = synonyms.get(symbol) ?? symbol;
  return take(cursor, /^[A-Z]/.test(name) ? "word" : "op", symbol.length, name);
}

function readWord(cursor: Cursor, word: string): Token {
  if (/^\d+$/.test(word)) return take(cursor, "number", word.length, word);
  // WF_ and SF_ are operators glued to their subscript: WF_vars(A).
  if (word.startsWith("WF_") || word.startsWith("SF_")) return take(cursor, "op", 3, word.slice(0, 3));
  return take(cursor, word === "_" ? "op" : "word", word.length, word);
}

function readRun(cursor: Cursor, kind: "rule" | "end", char: string): Token {
  let length = 0;
  while (cursor.text[cursor.offset + length] === char) length++;
  return take(cursor, kind, length, char.repeat(4));
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", '"': '"', "\\": "\\" };

function readString(cursor: Cursor): Token {
  let value = "";
  let at = cursor.offset + 1;
  for (;;) {
    const char = cursor.text[at];
    if (char === undefined || char === "\n") {
      throw new TlaError("syntax", 'expected a closing quote (") on this line', here(cursor, at - cursor.offset));
    }
    if (char === '"') break;
    const escaped = char === "\\" ? escapes[cursor.text[at + 1] ?? ""] : undefined;
    value += escaped ?? char;
    at += escaped === undefined ? 1 : 2;
  }
  return take(cursor, "string", at + 1 - cursor.offset, value);
}
