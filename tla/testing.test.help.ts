/** Helpers for tests: specifications given as text. */
import { type CheckOptions, type CheckResult, checkSpecification } from "./index.ts";

/** Checks a module given by its body; it extends the usual modules. */
export function checkText(body: string, config: string, options: Partial<CheckOptions> = {}): CheckResult {
  return checkSpecification({ load: loader(body), spec: "M", config, ...options });
}

export function loader(body: string): (name: string) => string | undefined {
  const text = `---- MODULE M ----\nEXTENDS Integers, Sequences, FiniteSets, TLC, Bags, FiniteSetsExt, SequencesExt, Bitwise, Json\n${body}\n====`;
  return (name) => (name === "M" ? text : undefined);
}

/** The printed value of a constant expression, or the message of the error it raises. */
export function evaluated(expression: string, definitions = ""): string {
  const lines: string[] = [];
  const result = checkText(`${definitions}\nASSUME PrintT(${expression})`, "", {
    surroundings: { print: (text) => lines.push(text) },
  });
  return result.violations[0]?.message ?? lines.join("\n");
}
