/** The bounds of a check in words: the constants of its configuration, and what it checks. */
import { UsageError } from "../../campaign/errors.ts";
import { type Config, describeError, parseConfig, TlaError } from "../../tla/index.ts";
import type { Scope } from "./protocol.ts";

type ConstantValue = NonNullable<Config["constants"][number]["value"]>;

/** Throws UsageError for a configuration that cannot be parsed. */
export function readScope(text: string, name: string): Scope {
  try {
    return scopeOf(parseConfig(text, name));
  } catch (error) {
    if (!(error instanceof TlaError)) throw error;
    throw new UsageError(describeError(error));
  }
}

function scopeOf(config: Config): Scope {
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(", ");
  const checks: string[] = [];
  if (config.invariants.length > 0) checks.push(`invariants ${names(config.invariants)}`);
  if (config.properties.length > 0) checks.push(`properties ${names(config.properties)}`);
  if (config.postconditions.length > 0) checks.push(`postconditions ${names(config.postconditions)}`);
  if (config.checkDeadlock && (config.specification ?? config.next) !== undefined) checks.push("deadlock");
  return {
    // `r1 = r1` only declares a model value: no bound.
    constants: config.constants.flatMap(({ name, value, operator, inModule }) => {
      if (value === undefined) return [`${name} <- ${inModule === undefined ? "" : `[${inModule}]`}${operator ?? ""}`];
      return value.kind === "model" && value.text === name ? [] : [`${name} = ${show(value)}`];
    }),
    checks,
  };
}

function show(value: ConstantValue): string {
  switch (value.kind) {
    case "number":
      return String(value.value);
    case "boolean":
      return value.value ? "TRUE" : "FALSE";
    case "string":
      return JSON.stringify(value.text);
    case "model":
      return value.text;
    case "set":
      return `{${value.elements.map(show).join(", ")}}`;
  }
}
