/**
 * JUnit XML: a suite for each scenario; a case for each run that failed, one for each reason why runs are unknown, one for all that held, one
 * for all that were not run. The numbers of suites are those of their cases, as CI servers add them up; how many runs stand behind them is a property.
 */
import * as path from "node:path";
import type { FailureReport, ScenarioReport, UnknownReport } from "../campaign/aggregate.ts";
import type { CampaignReport } from "../campaign/campaign.ts";

type Counts = { readonly tests: number; readonly failures: number; readonly errors: number; readonly skipped: number };

export function formatJunit(report: CampaignReport): string {
  const suites = report.scenarios.map((scenario) => ({ scenario, counts: countsOf(scenario) }));
  const sum = (pick: (counts: Counts) => number): number => suites.reduce((all, { counts }) => all + pick(counts), 0);
  const all: Counts = {
    tests: sum(({ tests }) => tests),
    failures: sum(({ failures }) => failures),
    errors: sum(({ errors }) => errors),
    skipped: sum(({ skipped }) => skipped),
  };
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="seedbed" ${attributes(all)} time="${seconds(report.totals.wallMs)}">\n` +
    `${suites.map(({ scenario, counts }) => suite(scenario, counts, report.stopped)).join("")}</testsuites>\n`
  );
}

function countsOf({ held, failures, unknowns, notRun }: ScenarioReport): Counts {
  const errors = unknowns.length;
  const skipped = notRun > 0 ? 1 : 0;
  return { tests: failures.length + errors + skipped + (held > 0 ? 1 : 0), failures: failures.length, errors, skipped };
}

function attributes({ tests, failures, errors, skipped }: Counts): string {
  return `tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}"`;
}

function suite(scenario: ScenarioReport, counts: Counts, stopped: string | undefined): string {
  const { name, runs, corpusRuns, held, unknowns, notRun, wallMs } = scenario;
  const cases = [
    ...scenario.failures.map((failure) => failureCase(name, failure)),
    ...unknowns.map((found) => unknownCase(name, found)),
  ];
  const plain = (title: string, inner: string, ms: number): string =>
    `    <testcase classname="${escapeXml(name)}" name="${escapeXml(title)}" time="${seconds(ms)}"${inner === "" ? "/>" : `>${inner}</testcase>`}\n`;
  const troubleMs = [...scenario.failures, ...unknowns].reduce((sum, found) => sum + found.wallMs, 0);
  if (held > 0) cases.push(plain(`${held} ${held === 1 ? "run" : "runs"} held`, "", Math.max(0, wallMs - troubleMs)));
  if (notRun > 0) {
    const message = escapeXml(`the campaign was stopped before: ${stopped ?? "error"}`);
    cases.push(plain(`${notRun} ${notRun === 1 ? "run" : "runs"} not run`, `<skipped message="${message}"/>`, 0));
  }
  return (
    `  <testsuite name="${escapeXml(name)}" ${attributes(counts)} time="${seconds(wallMs)}">\n` +
    `    <properties><property name="runs" value="${runs}"/><property name="corpusRuns" value="${corpusRuns}"/></properties>\n` +
    `${cases.join("")}  </testsuite>\n`
  );
}

function failureCase(scenario: string, found: FailureReport): string {
  const corpus = found.isCorpus === true ? " of the corpus" : "";
  return (
    `    <testcase classname="${escapeXml(scenario)}" name="${escapeXml(`seed ${found.seed}${corpus}`)}" time="${seconds(found.wallMs)}">\n` +
    `      <failure message="${escapeXml(found.property)}">${escapeXml(withPath(found.reason, found.repro))}</failure>\n    </testcase>\n`
  );
}

function unknownCase(scenario: string, { property, reason, runs, wallMs, seed, repro }: UnknownReport): string {
  const title = `${runs} ${runs === 1 ? "run" : "runs"} unknown, the first with seed ${seed}`;
  return (
    `    <testcase classname="${escapeXml(scenario)}" name="${escapeXml(title)}" time="${seconds(wallMs)}">\n` +
    `      <error message="${escapeXml(property)}">${escapeXml(withPath(reason, repro))}</error>\n    </testcase>\n`
  );
}

/** Relative to the working folder: an absolute path of the CI server is of no use to whoever downloads the results. */
function withPath(reason: string, repro: string | null): string {
  return repro === null ? reason : `${reason}\n${path.relative(process.cwd(), repro)}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Characters that XML 1.0 does not allow at all are replaced; line breaks and tabs would become blanks in an attribute. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, "\uFFFD")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/\r/g, "&#13;");
}
