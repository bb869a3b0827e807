/** Reporters: what a campaign tells while it runs and when it is over. Progress goes to stderr, results to stdout. */
import type { ChalkInstance } from "chalk";
import type { CampaignEvent, CampaignReport } from "../campaign/campaign.ts";
import { failureOf, formatFailure } from "./failure.ts";
import { compact, counted, grouped } from "./style.ts";
import { formatSummary, notRunLines } from "./summary.ts";

export const REPORTERS = ["progress", "dot", "json", "junit", "github"] as const;
export type ReporterName = (typeof REPORTERS)[number];

export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly style: ChalkInstance;
  /** stderr is a terminal that a status line may be redrawn on. */
  readonly isLive: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  /** The command that replays a repro file. */
  readonly replayCommand: (repro: string | null, scenario: string, seed: string) => string;
};

export type Reporter = {
  onEvent(event: CampaignEvent): void;
  onEnd(report: CampaignReport): void;
};

const FAILURES_SHOWN_MAX = 5;
const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;

/**
 * The reporters of these names. Beside `json` the others speak on stderr: the document is alone on stdout. `junit` says nothing: junit.xml
 * is written into the store by every campaign.
 */
export function makeReporters(names: readonly ReporterName[], terminal: Terminal): Reporter[] {
  const beside = names.includes("json") ? { ...terminal, out: terminal.err } : terminal;
  const make: { readonly [name in ReporterName]: () => Reporter } = {
    progress: () => progressReporter(beside),
    dot: () => dotReporter(beside),
    json: () => jsonReporter(terminal),
    github: () => githubReporter(beside),
    junit: () => ({ onEvent: () => {}, onEnd: () => {} }),
  };
  return names.map((name) => make[name]());
}

/** A line that is redrawn on a terminal, and one line every ten seconds elsewhere. */
export function progressReporter(terminal: Terminal): Reporter {
  const failures = failurePrinter(terminal, () => clear());
  const startMs = performance.now();
  let drawnMs = 0;
  let events = 0;
  let failed = 0;
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) terminal.err("\r\u001b[K");
    isDrawn = false;
  };
  const draw = (done: number, total: number): void => {
    const nowMs = performance.now();
    if (terminal.isQuiet || nowMs - drawnMs < (terminal.isLive ? REDRAW_MS : LINE_EVERY_MS)) return;
    drawnMs = nowMs;
    const perSecond = events / Math.max(0.001, (nowMs - startMs) / 1000);
    const left = done === 0 ? "" : `, about ${Math.ceil((((nowMs - startMs) / done) * (total - done)) / 1000)} s left`;
    const text = `${grouped(done)}/${counted(total, "run")}, ${failed} failed, ${compact(perSecond)} events/s${left}`;
    if (terminal.isLive) terminal.err(`\r\u001b[K${text}`);
    else terminal.err(`${text}\n`);
    isDrawn = terminal.isLive;
  };
  return {
    onEvent: (event) => {
      if (event.type === "run") {
        events += event.line.events;
        if (event.line.verdict === "failed") failed++;
        if (terminal.isVerbose) {
          clear();
          terminal.err(
            `${event.line.verdict.padEnd(8)} ${event.line.scenario} ${event.line.seed} ${event.line.digest} ${event.line.wallMs.toFixed(0)} ms\n`,
          );
        }
        draw(event.done, event.total);
      }
      failures(event);
    },
    onEnd: (report) => {
      clear();
      for (const line of formatSummary(report, terminal.style, terminal)) terminal.out(`${line}\n`);
    },
  };
}

/** One character a run. */
export function dotReporter(terminal: Terminal): Reporter {
  let column = 0;
  const endLine = (): void => {
    if (column > 0) terminal.err("\n");
    column = 0;
  };
  const failures = failurePrinter(terminal, endLine);
  return {
    onEvent: (event) => {
      if (event.type === "run" && !terminal.isQuiet) {
        terminal.err({ held: ".", failed: "F", unknown: "?" }[event.line.verdict]);
        if (++column >= 80) endLine();
      }
      failures(event);
    },
    onEnd: (report) => {
      endLine();
      for (const line of formatSummary(report, terminal.style, terminal)) terminal.out(`${line}\n`);
    },
  };
}

/** The document alone. */
export function jsonReporter(terminal: Terminal): Reporter {
  return { onEvent: () => {}, onEnd: (report) => terminal.out(`${JSON.stringify(report, null, 2)}\n`) };
}

/** Annotations that GitHub shows at the commit and, where the scenario is in a file of the user's, in the view of the changes. */
export function githubReporter(terminal: Terminal): Reporter {
  return {
    onEvent: (event) => {
      if (event.type !== "failure") return;
      const { line, place } = event;
      const reason = line.properties.find(({ verdict }) => verdict === "invalid")?.reason ?? "";
      const command = terminal.replayCommand(line.repro, line.scenario, line.seed);
      const at = place === undefined ? "" : `file=${githubProperty(place.file)},line=${place.line},`;
      const title = githubProperty(`${line.scenario} seed ${line.seed}`);
      terminal.out(`::error ${at}title=${title}::${githubText(`${reason}\nreplay: ${command}`)}\n`);
    },
    onEnd: (report) => {
      if (report.stopped !== undefined)
        terminal.out(`::warning title=seedbed::${githubText(notRunLines(report).join("\n"))}\n`);
    },
  };
}

function githubText(text: string): string {
  return text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}

/** In a property a colon or a comma would end it. */
function githubProperty(text: string): string {
  return githubText(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}

/** Prints the first failures as they come, divergences and notices; returns what takes events. */
function failurePrinter(terminal: Terminal, before: () => void): (event: CampaignEvent) => void {
  let shown = 0;
  const say = (lines: readonly string[]): void => {
    before();
    for (const line of lines) terminal.err(`${line}\n`);
  };
  return (event) => {
    if (event.type === "notice") say([event.message]);
    if (event.type === "divergence") {
      say([
        `${terminal.style.red.bold("NONDETERMINISM")}  ${event.scenario}  seed ${JSON.stringify(event.seed)}: two executions differ.`,
        event.difference,
      ]);
    }
    if (event.type !== "failure") return;
    shown++;
    if (shown === FAILURES_SHOWN_MAX + 1) say(["Further failures are in the store; they are not shown here."]);
    if (shown > FAILURES_SHOWN_MAX) return;
    const { line } = event;
    const replay = terminal.replayCommand(line.repro, line.scenario, line.seed);
    say([...formatFailure(failureOf(event.details, replay), terminal.style), ""]);
  };
}
