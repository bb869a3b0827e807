/** The kinds of flags, for yargs. */
import type { Argv } from "yargs";
import { UsageError } from "../campaign/errors.ts";

export const LIST: {
  readonly type: "string";
  readonly array: true;
  readonly default: string[];
  readonly requiresArg: true;
} = { type: "string", array: true, default: [], requiresArg: true };
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
