/**
 * The parser's view of the tokens: a position, the column bound of the innermost junction list, and error messages.
 *
 * Junction lists: while an item of a list whose bullets stand in column c is parsed, a token at or left of c ends the
 * item. The bound stack does exactly that: such a token reads as "nothing left" (Specifying Systems, section 15.2.2).
 */
import { type Span, TlaError } from "../errors.ts";
import type { Node } from "./ast.ts";
import type { Token } from "./lexer.ts";

export type Stream = {
  readonly module: { name: string };
  readonly tokens: readonly Token[];
  position: number;
  /** Tokens at or left of this column end the current junction item; 0 outside junction lists. */
  bound: number;
  /** Products and tuples in parentheses, which must not be merged with their neighbours in `A \X (B \X C)`. */
  readonly parenthesised: Set<Node>;
};

export const reservedWords: ReadonlySet<string> = new Set(
  (
    "ASSUME ASSUMPTION AXIOM CASE CHOOSE CONSTANT CONSTANTS DOMAIN ELSE ENABLED EXCEPT EXTENDS IF IN INSTANCE LET LOCAL " +
    "MODULE OTHER SUBSET THEN THEOREM UNCHANGED UNION VARIABLE VARIABLES WITH LAMBDA RECURSIVE PROOF BY OBVIOUS OMITTED " +
    "QED LEMMA PROPOSITION COROLLARY HAVE TAKE WITNESS PICK SUFFICES NEW PROVE USE HIDE DEF DEFS DEFINE STATE ACTION TEMPORAL"
  ).split(" "),
);

/** The next token, or undefined where the junction bound (or the file) ends the expression. */
export function peek(stream: Stream): Token | undefined {
  const token = stream.tokens[stream.position]!;
  return token.kind === "eof" || token.column <= stream.bound ? undefined : token;
}

export function peekIs(stream: Stream, text: string): boolean {
  const token = peek(stream);
  return token !== undefined && token.text === text && token.kind !== "string";
}

/** The token `ahead` places after the next one, whatever its column. */
export function peekAhead(stream: Stream, ahead: number): Token {
  return stream.tokens[Math.min(stream.position + ahead, stream.tokens.length - 1)]!;
}

export function advance(stream: Stream): Token {
  const token = stream.tokens[stream.position]!;
  if (token.kind !== "eof") stream.position++;
  return token;
}

/** Consumes the token if it is there. */
export function accept(stream: Stream, text: string): boolean {
  if (!peekIs(stream, text)) return false;
  stream.position++;
  return true;
}

export function expect(stream: Stream, text: string, where: string): Token {
  if (!peekIs(stream, text)) expected(stream, JSON.stringify(text), where);
  return advance(stream);
}

export function expectIdentifier(stream: Stream, where: string): Token {
  const token = peek(stream);
  if (token === undefined || !isIdentifier(token)) return expected(stream, "an identifier", where);
  return advance(stream);
}

export function isIdentifier(token: Token): boolean {
  return token.kind === "word" && !reservedWords.has(token.text);
}

/** Raises the error: what was expected, where in the grammar, and what stands there instead. */
export function expected(stream: Stream, what: string, where: string): never {
  const token = stream.tokens[stream.position]!;
  const { line, column, endLine, endColumn } = token;
  const found = token.kind === "eof" ? "end of file" : JSON.stringify(token.text);
  const cut = token.kind !== "eof" && token.column <= stream.bound;
  const hint = cut
    ? ` (column ${column} is not right of the bullet in column ${stream.bound}, so it ends that item)`
    : "";
  throw new TlaError("syntax", `expected ${what} ${where}, found ${found}${hint}`, {
    module: stream.module.name,
    line,
    column,
    endLine,
    endColumn,
  });
}

/** The span from a first token to the last one consumed. */
export function spanFrom(stream: Stream, first: { readonly line: number; readonly column: number }): Span {
  const last = stream.tokens[Math.max(0, stream.position - 1)]!;
  const { line, column } = first;
  return { module: stream.module.name, line, column, endLine: last.endLine, endColumn: last.endColumn };
}

/** Tries a parse; on a syntax error goes back and returns undefined. */
export function attempt<T>(stream: Stream, parse: () => T | undefined): T | undefined {
  const { position, bound } = stream;
  try {
    const result = parse();
    if (result !== undefined) return result;
  } catch (error) {
    if (!(error instanceof TlaError)) throw error;
  }
  stream.position = position;
  stream.bound = bound;
  return undefined;
}
