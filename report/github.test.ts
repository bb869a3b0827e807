import { expect, test } from "vitest";
import type { CampaignEvent } from "../campaign/campaign.ts";
import { githubReporter, type Terminal } from "./reporters.ts";
import { makeStyle } from "./style.ts";

/** What the reporter prints of a failure. */
function printed(place: { file: string; line: number } | undefined): string {
  let text = "";
  const terminal: Terminal = {
    out: (words) => {
      text += words;
    },
    err: () => {},
    style: makeStyle(false, false, {}),
    isLive: false,
    isQuiet: false,
    isVerbose: false,
    replayCommand: (repro) => `npx seedbed replay ${repro}`,
  };
  const properties = [{ name: "own", verdict: "invalid", reason: "50 %\nlost", monitor: false }];
  const line = { scenario: "mine", seed: "a,b:1", repro: "results/repro.json", properties };
  const event = { type: "failure", line, details: {}, ...(place === undefined ? {} : { place }) };
  githubReporter(terminal).onEvent(event as unknown as CampaignEvent);
  return text;
}

test("an annotation names the file and line of a scenario of one's own, and ends with the replay", () => {
  expect(printed({ file: "deep/my,own.scenario.ts", line: 5 })).toBe(
    "::error file=deep/my%2Cown.scenario.ts,line=5,title=mine seed a%2Cb%3A1::50 %25%0Alost%0Areplay: npx seedbed replay results/repro.json\n",
  );
  expect(printed(undefined)).toMatch(/^::error title=mine seed/);
});
