/** The JSON that docs/cli.md shows has the fields of the real documents. */
import { beforeAll, expect, test } from "vitest";
import type { CampaignReport } from "../../campaign/campaign.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { blocksOf, readPage } from "./pages.ts";

const page = readPage("docs/cli.md");
const cwd = temporaryFolder();
let campaign: CampaignReport;

async function json(...words: string[]): Promise<{ readonly [field: string]: unknown }> {
  const { stdout } = await seedbed([...words, "--json"], { cwd });
  return JSON.parse(stdout) as { readonly [field: string]: unknown };
}

beforeAll(async () => {
  const seeds = ["--seeds", "12..13", "--workers", "2", "--quiet"];
  campaign = (await json("campaign", "lesson-stale-read", ...seeds)) as unknown as CampaignReport;
}, 120_000);

/** Their fields are names, of kinds of faults and the like. */
const NAMED = new Set(["faults", "unstruck", "counts", "marks"]);

/** Paths of all fields; a list counts by its first entry. */
function fieldsOf(value: unknown, where = ""): string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], `${where}[]`);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const place = `${where}.${field}`;
    return [place, ...(NAMED.has(field) && typeof inner === "object" ? [] : fieldsOf(inner, place))];
  });
}

test("the example of a campaign has the fields of the real document, and what a seed decides", () => {
  const block = blocksOf(page).find(({ info, text }) => info === "json" && text.includes('"seedbed"'));
  const example = JSON.parse(block!.text) as CampaignReport;
  expect(fieldsOf(example).sort()).toEqual(fieldsOf(campaign).sort());
  expect(fieldsOf(example)).toContain(".scenarios[].failures[].digest");
  const decided = ({ verdict, seeds, scenarios: [scenario], totals }: CampaignReport): unknown => {
    const { name, runs, held, failed, unknown } = scenario!;
    return { verdict, seeds, name, runs, held, failed, unknown, all: totals.runs, allFailed: totals.failed };
  };
  expect(decided(example)).toEqual(decided(campaign));
});

test("every field of other documents is named", async () => {
  const documents = [
    await json("run", "lesson-stale-read", "--seed", "12"),
    await json("replay", campaign.scenarios[0]!.failures[0]!.repro!),
  ];
  const fields = new Set(documents.flatMap((document) => Object.keys(document)));
  expect(fields.size).toBeGreaterThan(15);
  const text = page.slice(page.indexOf("`run --json`"));
  expect([...fields].filter((field) => !new RegExp(`\\b${field}\\b`).test(text))).toEqual([]);
});
