/**
 * Each bug of the museum has a witness: a script of its historic schedule. On the sources the invariant holds; on the mutant
 * it breaks, and in the way that the entry says.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toolRoot } from "../campaign/sources.ts";
import { BALANCER_CASES } from "./directed/balancer-cases.fixture.ts";
import { CRDT_CASES } from "./directed/crdt-cases.fixture.ts";
import { MEMBERSHIP_CASES } from "./directed/membership-cases.fixture.ts";
import { RAFT_CASES } from "./directed/raft-cases.fixture.ts";
import { elect, openCluster, type Case } from "./directed/script.fixture.ts";
import { BUGS } from "./entries.ts";
import { buildMutant } from "./mutant.ts";

const CASES: { readonly [id: string]: Case } = { ...RAFT_CASES, ...CRDT_CASES, ...MEMBERSHIP_CASES, ...BALANCER_CASES };

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
