/** The kinds of flags, for yargs. */
import type { Argv } from "yargs";
import { UsageError } from "../campaign/errors.ts";

export type ListFlag = {
  readonly type: "string";
  readonly array: true;
  readonly default: string[];
  readonly requiresArg: true;
  readonly describe: string;
  readonly coerce: (values: string[]) => string[];
};

/** A flag that may be given several times. */
export function list(flag: string, describe: string): ListFlag {
  const coerce = (values: string[]): string[] => {
    for (const value of values) demandText(flag, value);
    return values;
  };
  return { type: "string", array: true, default: [], requiresArg: true, describe, coerce };
}

/** `--out "$UNSET"` must not mean the working folder: no flag has an empty value that says anything. */
function demandText(flag: string, value: unknown): void {
  if (value === "") throw new UsageError(`--${flag} is empty. Give it a value, or leave the flag away.`);
}

export const FLAG: { readonly type: "boolean"; readonly default: false } = { type: "boolean", default: false };

export type TextFlag = {
  readonly type: "string";
  readonly requiresArg: true;
  readonly describe: string;
  readonly coerce: (value: unknown) => string | undefined;
};

/** A flag that takes one value; it must not be given twice: yargs would make a list of it. */
export function text(flag: string, describe: string): TextFlag {
  const coerce = (value: unknown): string | undefined => {
    if (Array.isArray(value)) throw new UsageError(`--${flag} is given ${value.length} times; it takes one value.`);
    demandText(flag, value);
    return value as string | undefined;
  };
  return { type: "string", requiresArg: true, describe, coerce };
}

/** --json, --quiet and --verbose. */
export function common<T>(command: Argv<T>): Argv<T & { json: boolean; quiet: boolean; verbose: boolean }> {
  return command
    .option("json", { ...FLAG, describe: "one JSON document on stdout, nothing else" })
    .option("quiet", { ...FLAG, alias: "q", describe: "no progress" })
    .option("verbose", { ...FLAG, alias: "v", describe: "more: every run, or the whole trace" });
}
