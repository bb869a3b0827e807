/** JUnit XML: a suite for each scenario, a case for each run that did not hold and one for those that did. */
import type { CampaignReport } from "../campaign/campaign.ts";
import type { ScenarioReport } from "../campaign/aggregate.ts";

export function formatJunit(report: CampaignReport, reasonOf: (scenario: string, seed: string) => string): string {
  const { totals } = report;
  const suites = report.scenarios.map((scenario) => suite(scenario, reasonOf)).join("");
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="seedbed" tests="${totals.runs}" failures="${totals.failed}" errors="${totals.unknown}" time="${(totals.wallMs / 1000).toFixed(3)}">\n` +
    `${suites}</testsuites>\n`
  );
}

function suite(scenario: ScenarioReport, reasonOf: (scenario: string, seed: string) => string): string {
  const { name, runs, corpusRuns, failed, unknown, held } = scenario;
  const cases = scenario.failures.map(
    ({ seed, property, repro }) =>
      `    <testcase classname="${escapeXml(name)}" name="seed ${escapeXml(seed)}">\n` +
      `      <failure message="${escapeXml(property)}">${escapeXml(`${reasonOf(name, seed)}\n${repro ?? ""}`)}</failure>\n    </testcase>\n`,
  );
  if (held > 0) cases.push(`    <testcase classname="${escapeXml(name)}" name="${held} runs held"/>\n`);
  return (
    `  <testsuite name="${escapeXml(name)}" tests="${runs + corpusRuns}" failures="${failed}" errors="${unknown}">\n` +
    `${cases.join("")}  </testsuite>\n`
  );
}

/** Characters that XML 1.0 does not allow at all are replaced. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, "\uFFFD")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
