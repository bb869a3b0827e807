/** Settings: what a scenario leaves open, drawn from the seed or held by `--set`. */
import { showValue, suggestion } from "../nemesis/issue.ts";
import { Random } from "../sim/random.ts";
import type { Scenario, Setting, SettingsSpec, SettingValue, Settings } from "./scenario.ts";
import { COMMON_RULES } from "./scenario-schema.ts";

/** A setting that cannot be used: unknown, or out of its range. */
export class SettingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SettingError";
  }
}

/** Settings that every scenario has; it may declare them itself with other ranges. */
export const COMMON_SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 5], about: "nodes of the system" },
  clients: { kind: "integer", min: 3, max: 6, about: "client processes" },
  chaosUs: { kind: "integer", min: 3_000_000, max: 5_000_000, about: "length of the chaos phase, true microseconds" },
  latencyUs: { kind: "integer", min: 200, max: 4_000, isLogarithmic: true, about: "mean one-way latency of a link" },
  hasFaults: { kind: "boolean", truePerMillion: 950_000, about: "false: no fault at all in this run" },
  healing: {
    kind: "choice",
    of: ["all", "core"],
    about: "after chaos: heal every node, or only a majority while the others stay down",
  },
  ties: {
    kind: "choice",
    of: ["random", "random", "pct"],
    about:
      "how events at the same time are ordered: each by its own outcome, or by priorities that change a few times (PCT)",
  },
  isBuggified: { kind: "boolean", about: "host.buggify may be true" },
};

export function settingsSpec(scenario: Scenario): SettingsSpec {
  return { ...COMMON_SETTINGS, ...scenario.settings };
}

/** Draws every setting that `held` does not fix. Throws SettingError for a name or value that the scenario does not have. */
export function resolveSettings(
  scenario: Scenario,
  seed: string,
  held: { readonly [name: string]: unknown },
): Settings {
  const spec = settingsSpec(scenario);
  for (const name of Object.keys(held)) {
    if (!Object.hasOwn(spec, name)) {
      throw new SettingError(
        `scenario ${scenario.name} has no setting ${JSON.stringify(name)}. ${suggestion(name, Object.keys(spec), "Settings")}`,
      );
    }
  }
  const settings: Record<string, SettingValue> = {};
  for (const [name, setting] of Object.entries(spec)) {
    const fixed = held[name];
    settings[name] =
      fixed === undefined
        ? drawSetting(setting, new Random(seed, `settings/${name}`))
        : checkCommon(name, checkSetting(name, setting, fixed));
  }
  return settings as Settings;
}

function drawSetting(setting: Setting, random: Random): SettingValue {
  switch (setting.kind) {
    case "integer":
      return setting.isLogarithmic === true
        ? random.logarithmic(setting.min, setting.max)
        : random.between(setting.min, setting.max);
    case "boolean":
      return random.chance(setting.truePerMillion ?? 500_000);
    case "choice":
      return random.pick(setting.of);
  }
}

/** What every run needs, such as one node at least, whatever the scenario's own range is. */
function checkCommon(name: string, value: SettingValue): SettingValue {
  const rule = COMMON_RULES[name];
  if (rule === undefined || rule.fits(value)) return value;
  throw new SettingError(`setting ${name}: expected ${rule.expected}, found ${JSON.stringify(value)}.`);
}

/**
 * Accepts a value of the setting's type, or its text as `--set` gives it. An integer may lie outside the range that draws come from,
 * as long as it is not negative: the range says what is usual, not what is possible.
 */
function checkSetting(name: string, setting: Setting, value: unknown): SettingValue {
  const shown = showValue(value);
  switch (setting.kind) {
    case "integer": {
      const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
      throw new SettingError(
        `setting ${name}: expected an integer (usually ${setting.min} to ${setting.max}), found ${shown}.`,
      );
    }
    case "boolean":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      throw new SettingError(`setting ${name}: expected true or false, found ${shown}.`);
    case "choice": {
      const match = setting.of.find((option) => option === value || String(option) === value);
      if (match !== undefined) return match;
      const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      const areNumbers = setting.of.every((option) => typeof option === "number");
      if (areNumbers && typeof number === "number" && Number.isSafeInteger(number) && number > 0) return number;
      throw new SettingError(`setting ${name}: expected one of ${setting.of.join(", ")}, found ${shown}.`);
    }
  }
}
