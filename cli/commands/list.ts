/** `seedbed list`: scenarios with their settings and faults, fault kinds, checkers. */
import { catalog } from "../../campaign/catalog.ts";
import { CHECKERS } from "../../checkers/check.ts";
import { FORMATS } from "../../checkers/formats/read-history.ts";
import { FAULT_KINDS, familyOf, harmOf } from "../../nemesis/index.ts";
import { table } from "../../report/style.ts";
import { settingsSpec } from "../../scenarios/settings.ts";
import { makeTerminal } from "../terminal.ts";

export type ListArguments = { readonly json: boolean; readonly color?: boolean | undefined };

export function listCommand(args: ListArguments): number {
  const terminal = makeTerminal(args);
  const scenarios = catalog().map(({ scenario }) => ({
    name: scenario.name,
    title: scenario.title,
    default: scenario.default !== false,
    settings: settingsSpec(scenario),
    faults: scenario.faults.kinds,
    checks: scenario.checks.map(({ name }) => name),
  }));
  const faults = FAULT_KINDS.map((kind) => ({ kind, family: familyOf(kind), harm: harmOf({ kind }) }));
  const checkers = CHECKERS.map(({ name, summary, options }) => ({ name, summary, options }));
  if (args.json) {
    terminal.out(`${JSON.stringify({ scenarios, faults, checkers, formats: FORMATS }, null, 2)}\n`);
    return 0;
  }
  const { bold } = terminal.style;
  const section = (title: string, rows: readonly (readonly string[])[]): void => {
    terminal.out(`${bold(title)}\n`);
    const width = Math.max(...rows.map(([name]) => name!.length));
    for (const [name, text] of rows) terminal.out(`  ${name!.padEnd(width)}  ${text}\n`);
  };
  section(
    "Scenarios that run by default",
    scenarios.filter((scenario) => scenario.default).map(({ name, title }) => [name, title]),
  );
  section(
    "Scenarios that run by name",
    scenarios.filter((scenario) => !scenario.default).map(({ name, title }) => [name, title]),
  );
  terminal.out(`${bold("Faults")}\n`);
  for (const line of table(faults.map(({ kind, family, harm }) => [kind, family, harm]))) terminal.out(`  ${line}\n`);
  section(
    "Checkers (check --model)",
    checkers.map(({ name, summary }) => [name, summary]),
  );
  terminal.out(`${bold("History formats (check --format)")}\n  ${FORMATS.join(", ")}\n`);
  return 0;
}
