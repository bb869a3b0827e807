import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DiskRig } from "../../tests/conformance/disk-rig.ts";
import type { Disk } from "../host.ts";
import { DiskError } from "../host.ts";
import type { DiskFaultSpec } from "./faults.ts";

const perMillion = fc.constantFrom(50_000, 300_000, 1_000_000);
const few = fc.integer({ min: 1, max: 4 });
const spec: fc.Arbitrary<DiskFaultSpec> = fc.oneof(
  fc.record({
    kind: fc.constant("disk-torn" as const),
    tearPerMillion: perMillion,
    reach: fc.constantFrom("written" as const, "sector" as const),
  }),
  fc.record({
    kind: fc.constantFrom("disk-lost-sync" as const, "disk-misdirect" as const, "disk-phantom" as const),
    perMillion,
  }),
  fc.record({
    kind: fc.constantFrom("disk-eio" as const, "disk-short-read" as const),
    perMillion: fc.constantFrom(50_000, 300_000),
  }),
  fc.record({ kind: fc.constant("disk-failed-sync" as const), perMillion, times: few }),
  fc.record({ kind: fc.constant("disk-rot" as const), sectors: few, bits: few }),
  fc.record({ kind: fc.constant("disk-latent" as const), sectors: few }),
  fc.record({ kind: fc.constant("disk-rollback" as const) }),
  fc.record({ kind: fc.constant("disk-rollback" as const), pathPrefix: fc.constant("/a") }),
  fc.record({
    kind: fc.constant("disk-full" as const),
    freeBytes: fc.nat(9_000),
    shrinkBytesPerSecond: fc.nat(1_000_000),
  }),
  fc.record({ kind: fc.constant("disk-slow" as const), factor: fc.integer({ min: 2, max: 50 }) }),
);

type Step =
  | { readonly verb: "fault"; readonly spec: DiskFaultSpec }
  | { readonly verb: "heal" }
  | {
      readonly verb: string;
      readonly name: string;
      readonly to: string;
      readonly offset: number;
      readonly length: number;
    };

const name = fc.constantFrom("/a", "/b", "/d/a", "/d");
const verb = fc.constantFrom(
  "write",
  "append",
  "append",
  "read",
  "sync",
  "sync",
  "truncate",
  "rename",
  "unlink",
  "mkdir",
  "rmdir",
  "syncDir",
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ verb, name, to: name, offset: fc.nat(3_000), length: fc.nat(1_500) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("fault" as const), spec }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("heal" as const) }) },
);

async function perform(disk: Disk, each: Extract<Step, { readonly name: string }>): Promise<void> {
  const { verb: does, name: at, to, offset, length } = each;
  if (does === "rename") return disk.rename(at, to);
  if (does === "unlink") return disk.unlink(at);
  if (does === "mkdir") return disk.mkdir("/d");
  if (does === "rmdir") return disk.rmdir("/d");
  if (does === "syncDir") return disk.syncDir("/");
  const file = await disk.open(at, { create: true });
  const bytes = new Uint8Array(length).fill(1 + (offset % 250));
  if (does === "write") await file.write(offset, bytes);
  else if (does === "append") await file.append(bytes);
  else if (does === "truncate") await file.truncate(offset);
  else if (does === "sync") await file.sync();
  else await file.read({ offset, length });
}

/** Runs the steps in three boots with a crash after each, and tells all that can be seen from outside. */
async function outcome(steps: readonly Step[], seed: number): Promise<unknown> {
  const rig = new DiskRig({ seed: `fuzz/${seed}`, sectorBytes: 64, capacityBytes: 64 * 1_024 });
  const heals: (() => void)[] = [];
  const effects: number[] = [];
  for (let boot = 0; boot < 3; boot += 1) {
    const body = async (disk: Disk): Promise<void> => {
      for (const each of steps) {
        if (each.verb === "heal") heals.shift()?.();
        else if ("spec" in each) heals.push(rig.disk.setFault({ ...each.spec, fault: rig.fault(each.spec.kind) }));
        else await perform(disk, each as Extract<Step, { readonly name: string }>).catch(requireDiskError);
      }
    };
    await rig.boot(body, { atUs: 1 + ((seed * 977) % 20_000), how: boot === 1 ? "kill" : "power-loss" });
    rig.powerLoss();
    expect(rig.disk.usedBytes % 512).toBe(0);
    expect(rig.disk.usedBytes).toBeGreaterThanOrEqual(0);
    effects.push(rig.disk.lastingHarm.length);
  }
  return [rig.world.digest.hex(), rig.world.nowUs, effects, rig.disk.usedBytes, rig.disk.durableView()];
}

function requireDiskError(error: unknown): void {
  if (!(error instanceof DiskError)) throw error;
}

describe("all faults together", () => {
  it("answer with errors of the disk only, and the same for the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.nat(10_000), async (steps, seed) => {
        expect(await outcome(steps, seed)).toEqual(await outcome(steps, seed));
      }),
      { numRuns: 150 },
    );
  });
});
