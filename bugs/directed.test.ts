/**
 * Each bug of the museum has a witness: a script of its historic schedule. On the sources the invariant holds; on the mutant
 * it breaks, and in the way that the entry says.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toolRoot } from "../campaign/sources.ts";
import { witnessPub01 } from "./directed/pub-01.fixture.ts";
import { witnessPub02 } from "./directed/pub-02.fixture.ts";
import { witnessPub03 } from "./directed/pub-03.fixture.ts";
import { witnessPub04 } from "./directed/pub-04.fixture.ts";
import { witnessPub05 } from "./directed/pub-05.fixture.ts";
import { witnessPub06 } from "./directed/pub-06.fixture.ts";
import { witnessPub07 } from "./directed/pub-07.fixture.ts";
import { witnessPub09 } from "./directed/pub-09.fixture.ts";
import { witnessPub12 } from "./directed/pub-12.fixture.ts";
import { elect, openCluster, type Witness } from "./directed/script.fixture.ts";
import { BUGS } from "./entries.ts";
import { buildMutant } from "./mutant.ts";

type Case = { readonly witness: Witness; readonly breaks: readonly string[] };

const CASES: { readonly [id: string]: Case } = {
  "PUB-01": { witness: witnessPub01, breaks: ["raft.leader-completeness"] },
  "PUB-02": { witness: witnessPub02, breaks: ["raft.election-safety"] },
  "PUB-03": { witness: witnessPub03, breaks: ["raft.leader-completeness"] },
  "PUB-04": { witness: witnessPub04, breaks: ["stale-read"] },
  "PUB-05": { witness: witnessPub05, breaks: ["raft.election-safety"] },
  "PUB-06": { witness: witnessPub06, breaks: ["raft.commit-quorum", "raft.leader-completeness"] },
  "PUB-07": { witness: witnessPub07, breaks: ["raft.state-machine-safety"] },
  "PUB-09": { witness: witnessPub09, breaks: ["applied-twice"] },
  "PUB-12": { witness: witnessPub12, breaks: ["lost-write"] },
};

let parent = "";

beforeAll(() => {
  parent = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-directed-"));
});

afterAll(() => {
  fs.rmSync(parent, { recursive: true, force: true });
});

test("every bug of the museum has a witness", () => {
  expect(Object.keys(CASES)).toEqual(BUGS.map(({ id }) => id));
});

for (const bug of BUGS) {
  test(`${bug.id}, ${bug.title}: holds on the sources, breaks on the mutant`, async () => {
    const { witness, breaks } = CASES[bug.id]!;
    expect((await witness(toolRoot())).violated).toEqual([]);
    const { folder } = buildMutant(bug, parent);
    const { violated, told } = await witness(folder);
    fs.rmSync(folder, { recursive: true, force: true });
    expect({ violated, told }).toEqual({ violated: expect.arrayContaining([...breaks]), told: expect.any(String) });
  });
}

test("a script that does not reach its schedule throws, instead of telling that the invariant held", async () => {
  const { cluster } = await openCluster(toolRoot(), 3);
  expect(() => elect(cluster, 1, () => true)).toThrow("The script went astray: the election of node 1 did not happen.");
});
