/**
 * Errors of the TLA+ engine: one class, so that callers tell a fault in the specification from a fault in this engine.
 *
 * A TlaError is always the user's (a specification that cannot be read, or that goes wrong while evaluated). It carries
 * the place in the source and the operator calls that led there. Anything else thrown is a bug in the engine.
 */

/** A stretch of a module's text; lines and columns count from 1, the end is inclusive. */
export type Span = {
  readonly module: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};

/** `syntax`: cannot be parsed; `resolve`: names, arities, configuration; `evaluation`: went wrong while evaluated. */
export type TlaErrorKind = "syntax" | "resolve" | "config" | "evaluation";

/** An operator that was being evaluated when the error occurred, and where it was called. */
export type Call = { readonly name: string; readonly span: Span; readonly times: number };

const CALLS_MAX = 12;

export class TlaError extends Error {
  readonly kind: TlaErrorKind;
  span: Span | undefined;
  readonly calls: Call[] = [];
  /** Whether it is an Assert of the specification that was false: a check may note it and go on. */
  isAssertion: boolean = false;

  constructor(kind: TlaErrorKind, message: string, span?: Span) {
    super(message);
    this.name = "TlaError";
    this.kind = kind;
    this.span = span;
  }

  /** Records the operator call the error passed through, innermost first. */
  passed(name: string, span: Span): void {
    const last = this.calls.at(-1);
    if (last !== undefined && last.name === name && last.span === span)
      this.calls[this.calls.length - 1] = { ...last, times: last.times + 1 };
    else if (this.calls.length < CALLS_MAX) this.calls.push({ name, span, times: 1 });
  }
}

/** `line 3, column 5 of module M`, or `of M.cfg` for a configuration, as used in every message. */
export function describeSpan(span: Span): string {
  const what = span.module.endsWith(".cfg") ? span.module : `module ${span.module}`;
  return `line ${span.line}, column ${span.column} of ${what}`;
}

/** TLC's way to name a stretch of text, used in counterexamples. */
export function describeRange(span: Span): string {
  return `line ${span.line}, col ${span.column} to line ${span.endLine}, col ${span.endColumn} of module ${span.module}`;
}

/** The message, its place, and the calls that led there: never a JavaScript stack. */
export function describeError(error: TlaError): string {
  const lines = [error.span === undefined ? error.message : `${describeSpan(error.span)}: ${error.message}`];
  for (const { name, span, times } of error.calls)
    lines.push(`  in ${name}, called at ${describeSpan(span)}${times > 1 ? `, ${times} times` : ""}`);
  return lines.join("\n");
}

/** Raises an evaluation error at a place. */
export function failAt(span: Span, message: string): never {
  throw new TlaError("evaluation", message, span);
}

/** Raises an evaluation error whose place the caller will add. */
export function fail(message: string): never {
  throw new TlaError("evaluation", message);
}

/**
 * An error on its way out of an operator: gains the call, and gets a place if it is an exhausted stack (RangeError is how
 * JavaScript reports that; in a specification it is endless recursion).
 */
export function throughCall(error: unknown, name: string, span: Span): unknown {
  if (error instanceof TlaError) error.passed(name, span);
  else if (isStackOverflow(error)) return new TlaError("evaluation", RECURSES_TOO_DEEP, span);
  return error;
}

export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}

export const RECURSES_TOO_DEEP = "the evaluation recurses too deep (is a recursive definition endless?)";
