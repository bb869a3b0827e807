import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Disk } from "../../sim/host.ts";
import { DiskError } from "../../sim/host.ts";
import { DISK_CASES } from "./disk-cases.ts";
import { NodeDisk } from "./disk-node.ts";
import { DiskRig } from "./disk-rig.ts";

async function onNode<T>(body: (disk: Disk) => Promise<T>): Promise<T> {
  const disk = await NodeDisk.make();
  try {
    return await body(disk);
  } finally {
    await disk.remove();
  }
}

describe("the simulated disk", () => {
  for (const { claim, run, seen } of DISK_CASES) {
    it(claim, async () => expect(await new DiskRig().run(run)).toEqual(seen));
    // The smallest geometry puts sector and page borders everywhere.
    it(`${claim}, with sectors of 16 bytes`, async () =>
      expect(await new DiskRig({ sectorBytes: 16 }).run(run)).toEqual(seen));
  }
});

describe("node:fs", () => {
  for (const { claim, run, seen } of DISK_CASES) it(claim, async () => expect(await onNode(run)).toEqual(seen));
});

type Step = {
  readonly verb: string;
  readonly a: string;
  readonly b: string;
  readonly offset: number;
  readonly length: number;
};

const path = fc.constantFrom("/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/a", "/");
const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.constantFrom(
    "create",
    "exclusive",
    "read",
    "write",
    "write",
    "append",
    "truncate",
    "rename",
    "rename",
    "unlink",
    "mkdir",
    "mkdir",
    "rmdir",
    "list",
    "sync",
    "syncDir",
  ),
  a: path,
  b: path,
  offset: fc.nat(9_000),
  length: fc.nat(6_000),
});

async function perform(disk: Disk, { verb, a, b, offset, length }: Step, index: number): Promise<unknown> {
  const bytes = Uint8Array.from({ length }, (_, i) => (i + index) & 0xff);
  if (verb === "rename") return disk.rename(a, b);
  if (verb === "unlink") return disk.unlink(a);
  if (verb === "mkdir") return disk.mkdir(a);
  if (verb === "rmdir") return a === "/" ? null : disk.rmdir(a); // Linux says EBUSY, which Disk does not know.
  if (verb === "list") return disk.list(a);
  if (verb === "syncDir") return disk.syncDir(a);
  const file = await disk.open(a, { create: verb !== "read", exclusive: verb === "exclusive" });
  try {
    if (verb === "read") return await file.read({ offset, length });
    if (verb === "write") return await file.write(offset, bytes);
    if (verb === "append") return await file.append(bytes);
    if (verb === "truncate") return await file.truncate(offset);
    if (verb === "sync") return await file.sync();
    return await file.size();
  } finally {
    await file.close();
  }
}

async function outcomes(disk: Disk, steps: readonly Step[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const [index, each] of steps.entries()) {
    try {
      const value = await perform(disk, each, index);
      seen.push(value instanceof Uint8Array ? [...value] : (value ?? "done"));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      seen.push(error.code);
    }
  }
  return seen;
}

describe("the simulated disk and node:fs", () => {
  it("agree on random operations", async () => {
    const touchesRootByRename = ({ verb, a, b }: Step): boolean => verb === "rename" && (a === "/" || b === "/");
    const steps = fc
      .array(step, { minLength: 5, maxLength: 40 })
      .map((all) => all.filter((one) => !touchesRootByRename(one)));
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const simulated = await new DiskRig({ sectorBytes: 64 }).run((disk) => outcomes(disk, all));
        expect(simulated).toEqual(await onNode((disk) => outcomes(disk, all)));
      }),
      { numRuns: 60 },
    );
  });
});
