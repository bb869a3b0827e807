/** A fault that changes nothing is injected and not effective: every kind is tried in a world where it has nothing to change. */
import { describe, expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import { Control, type ControlOptions } from "../sim/control.ts";
import type { Program } from "../sim/host.ts";
import { makeChatter } from "./fixtures/chatter.ts";
import { FAULT_KINDS, type FaultKind, familyOf } from "./kinds.ts";
import { Nemesis, type NemesisOptions } from "./nemesis.ts";
import type { Fault } from "./plan.ts";

const NAMES = ["n1", "n2", "n3"];
const at = { atUs: 100_000, forUs: 100_000 } as const;

/** Parameters that would change much if there were anything to change. */
const STRONG: { readonly [K in FaultKind]: Omit<Fault & { readonly kind: K }, "kind" | "atUs" | "forUs" | "when"> } = {
  partition: { shape: "isolate", hosts: ["n1"] },
  loss: { perMillion: 1_000_000 },
  delay: { shape: "constant", meanUs: 50_000 },
  duplicate: { perMillion: 1_000_000 },
  reorder: { perMillion: 1_000_000, delayUsMax: 50_000 },
  corrupt: { perMillion: 1_000_000 },
  hold: {},
  "slow-link": { bytesPerSecond: 1, latencyTimes: 100, capacityPackets: 1 },
  kill: { hosts: ["n1"] },
  "power-loss": { hosts: ["n1"] },
  pause: { hosts: ["n1"] },
  wipe: { hosts: ["n1"] },
  "group-crash": { groups: ["rack"], how: "power-loss" },
  "clock-step": { hosts: ["n1"], byUs: 1_000_000 },
  "clock-drift": { hosts: ["n1"], driftPpm: 200 },
  "clock-strobe": { hosts: ["n1"], byUs: 1_000_000, periodUs: 10 },
  "clock-freeze": { hosts: ["n1"] },
  "clock-backward": { hosts: ["n1"] },
  "clock-rho": { hosts: ["n1"], driftPpm: 900_000 },
  "disk-torn": { hosts: ["n1"], tearPerMillion: 1_000_000, reach: "sector" },
  "disk-lost-sync": { hosts: ["n1"], perMillion: 1_000_000 },
  "disk-failed-sync": { hosts: ["n1"], perMillion: 1_000_000, times: 100 },
  "disk-rot": { hosts: ["n1"], sectors: 100, bits: 8 },
  "disk-latent": { hosts: ["n1"], sectors: 100 },
  "disk-misdirect": { hosts: ["n1"], perMillion: 1_000_000 },
  "disk-phantom": { hosts: ["n1"], perMillion: 1_000_000 },
  "disk-rollback": { hosts: ["n1"] },
  "disk-eio": { hosts: ["n1"], perMillion: 1_000_000 },
  "disk-full": { hosts: ["n1"], freeBytes: 0, shrinkBytesPerSecond: 0 },
  "disk-short-read": { hosts: ["n1"], perMillion: 1_000_000 },
  "disk-stall": { hosts: ["n1"] },
  "disk-slow": { hosts: ["n1"], factor: 1_000 },
};

function faultOf(kind: FaultKind, parameters: object): Fault {
  return { kind, ...at, ...parameters } as Fault;
}

type Stats = ReturnType<Nemesis["stats"]>;

async function statsIn(control: Control, fault: Fault, options: Partial<NemesisOptions> = {}): Promise<Stats> {
  const plan = { format: 1, faults: [fault] } as const;
  const nemesis = new Nemesis(control, plan, { nodes: NAMES, lastingHarmMax: 3, ...options });
  nemesis.start();
  await control.run(400_000);
  nemesis.healAll();
  control.powerLoss("n2");
  await control.run(600_000);
  return nemesis.stats();
}

/** Hosts that only boot, reboot once while the fault lasts, and end by power loss. */
function silent(fault: Fault, program: Program = () => {}): Promise<Stats> {
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "silent", engine, clocks: { driftPpmMax: 0 } });
    for (const name of NAMES) control.addHost({ name, program, groups: ["rack"] });
    for (const name of NAMES) control.boot(name, true);
    control.after(150_000, () => control.powerLoss("n1"));
    control.after(160_000, () => control.boot("n1"));
    return statsIn(control, fault);
  });
}

/** Hosts that talk, write, sync and read their clocks. */
function busy(
  fault: Fault,
  world: Partial<ControlOptions> = {},
  options: Partial<NemesisOptions> = {},
): Promise<Stats> {
  return withNodeEngine({}, async (engine) => {
    const { control } = makeChatter({ seed: "busy", engine, clocks: { driftPpmMax: 0 }, ...world }, NAMES);
    return statsIn(control, fault, options);
  });
}

const idle = { injected: 1, effective: 0 };

describe("where nothing happens, nothing is effective", () => {
  test.each(FAULT_KINDS.filter((kind) => familyOf(kind) !== "process"))("%s", async (kind) => {
    expect(await silent(faultOf(kind, STRONG[kind]))).toEqual({ [kind]: idle });
  });
});

describe("where all happens, the same faults are effective", () => {
  const late: readonly FaultKind[] = ["disk-torn", "disk-lost-sync", "disk-rollback", "disk-short-read"];
  test.each(FAULT_KINDS.filter((kind) => !late.includes(kind) && kind !== "group-crash"))("%s", async (kind) => {
    const found = await busy(faultOf(kind, STRONG[kind]));
    expect(found[kind]).toMatchObject({ injected: 1, effective: 1 });
  });
});

test.each(["kill", "power-loss", "pause", "wipe"] as const)(
  "%s of a host that is down is not injected",
  async (kind) => {
    const stats = await withNodeEngine({}, async (engine) => {
      const control = new Control({ seed: "down", engine });
      for (const name of NAMES) control.addHost({ name, program: () => {} });
      return statsIn(control, faultOf(kind, STRONG[kind]), { waitUsMax: 0 });
    });
    expect(stats[kind]?.injected ?? 0).toBe(0);
  },
);

describe("parameters that change nothing are not effective, however much happens", () => {
  const weak: readonly (readonly [FaultKind, object, Partial<ControlOptions>?])[] = [
    ["clock-step", { hosts: ["n1"], byUs: 0 }],
    ["clock-strobe", { hosts: ["n1"], byUs: 0, periodUs: 10 }],
    ["clock-drift", { hosts: ["n1"], driftPpm: 0 }],
    ["clock-rho", { hosts: ["n1"], driftPpm: 0 }],
    ["loss", { perMillion: 0 }],
    ["duplicate", { perMillion: 0 }],
    ["corrupt", { perMillion: 0 }],
    ["reorder", { perMillion: 0, delayUsMax: 100 }],
    ["reorder", { perMillion: 1_000_000, delayUsMax: 1 }],
    ["delay", { shape: "constant", meanUs: 100, perMillion: 0 }],
    ["slow-link", { capacityPackets: 1_000_000_000 }],
    [
      "slow-link",
      { latencyTimes: 100 },
      { network: { link: { latency: { shape: "constant", minUs: 0, meanUs: 0 } } } },
    ],
    ["slow-link", { bytesPerSecond: 999_999_999_999 }, { network: { link: { bytesPerSecond: 999_999_999_999 } } }],
    ["disk-torn", { hosts: ["n2"], tearPerMillion: 0 }],
    ["disk-lost-sync", { hosts: ["n2"], perMillion: 0 }],
    ["disk-failed-sync", { hosts: ["n1"], perMillion: 0, times: 9 }],
    ["disk-misdirect", { hosts: ["n1"], perMillion: 0 }],
    ["disk-phantom", { hosts: ["n1"], perMillion: 0 }],
    ["disk-eio", { hosts: ["n1"], perMillion: 0 }],
    ["disk-eio", { hosts: ["n1"], perMillion: 1_000_000, operations: ["rmdir"] }],
    ["disk-short-read", { hosts: ["n1"], perMillion: 0 }],
    ["disk-full", { hosts: ["n1"], freeBytes: 1_000_000_000, shrinkBytesPerSecond: 0 }],
    ["disk-rollback", { hosts: ["n1"] }],
    ["disk-rot", { hosts: ["n1"], sectors: 1, bits: 1, pathPrefix: "/nothing" }],
    ["disk-latent", { hosts: ["n1"], sectors: 1, pathPrefix: "/nothing" }],
  ];
  test.each(weak.map((row) => ({ row })))("$row.0 $row.1", async ({ row: [kind, parameters, world = {}] }) => {
    expect(await busy(faultOf(kind, parameters), world)).toEqual({ [kind]: idle });
  });
});

/** One timer of this length, set before or after the drift begins. */
async function drifting(
  timerUs: number,
  setAtUs: number,
  driftPpm: number | null,
): Promise<[effects: number, firedUs: number, digest: string]> {
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "drift", engine, clocks: { driftPpmMax: 200 } });
    let firedUs = -1;
    const program: Program = (host) => {
      host.timers.after(setAtUs, () => {
        host.timers.after(timerUs, () => {
          firedUs = control.nowUs;
        });
      });
    };
    control.addHost({ name: "n1", program });
    control.boot("n1");
    const active = { index: 0, kind: "clock-drift", effects: 0 };
    control.after(1_000, () => control.setDrift("n1", driftPpm ?? control.host("n1").clock.driftPpm, active));
    await control.run(1_000_000);
    return [active.effects, firedUs, control.world.digest.hex()];
  });
}

describe("a drift is effective for each timer that fires at another time, and for no other", () => {
  test("the drift that the host has anyway moves nothing", async () => {
    const [effects] = await drifting(90_000, 500, null);
    expect(effects).toBe(0);
    expect((await drifting(90_000, 5_000, null))[0]).toBe(0);
  });

  test.each([500, 5_000])(
    "a timer too short to feel it, set at %d us, is not moved; a long one is",
    async (setAtUs) => {
      const [, ownUs] = await drifting(90, setAtUs, null);
      // The first timer is due at setAtUs: where the drift begins before, it is a second timer that may move.
      const [shortEffects, shortUs] = await drifting(90, setAtUs, 150);
      expect(shortEffects > 0).toBe(shortUs !== ownUs);
      const [effects, firedUs] = await drifting(90_000, setAtUs, -150);
      expect(effects).toBeGreaterThan(0);
      expect(firedUs).not.toBe((await drifting(90_000, setAtUs, null))[1]);
    },
  );
});

test("a sector that a tear leaves wholly old or wholly new was not torn", async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    let found = "";
    const program: Program = async (host) => {
      const file = await host.disk.open("/file", { create: true });
      if (host.boot.incarnation > 1) {
        found = String.fromCharCode(...(await file.read({ offset: 0, length: 4 })));
        return;
      }
      await file.write(0, new Uint8Array(4).fill(97));
      await file.sync();
      await host.disk.syncDir("/");
      await file.write(0, new Uint8Array(4).fill(98));
    };
    const effective = await withNodeEngine({}, async (engine) => {
      const control = new Control({ seed: `torn/${seed}`, engine, disk: { tearPerMillion: 0 } });
      control.addHost({ name: "n1", program });
      control.boot("n1");
      const active = { index: 0, kind: "disk-torn", effects: 0 };
      control.host("n1").disk.setFault({ kind: "disk-torn", tearPerMillion: 1_000_000, fault: active });
      await control.run(100_000);
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(200_000);
      return active.effects === 1;
    });
    const isTorn = found !== "aaaa" && found !== "bbbb";
    expect([found, effective]).toEqual([found, isTorn]);
    outcomes.add(isTorn ? "torn" : found);
  }
  expect([...outcomes].sort()).toEqual(["aaaa", "bbbb", "torn"]);
});

test("harm is charged to the nodes that are struck, not to those that downMax spares", async () => {
  const wipe = { kind: "wipe", forUs: 50_000 } as const;
  const struck = await withNodeEngine({}, async (engine) => {
    const { control } = makeChatter({ seed: "budget", engine }, NAMES);
    const faults = [
      { ...wipe, hosts: ["n1", "n2"], atUs: 100_000 },
      { ...wipe, hosts: ["n3"], atUs: 200_000 },
      { ...wipe, hosts: ["n2"], atUs: 300_000 },
    ];
    const nemesis = new Nemesis(control, { format: 1, faults }, { nodes: NAMES, lastingHarmMax: 2, downMax: 1 });
    nemesis.start();
    await control.run(500_000);
    return [nemesis.resolved().faults.map((fault) => fault.struck?.hosts), nemesis.notInjected()];
  });
  const reason = "the budget allows no further node to be harmed (wanted n2)";
  expect(struck).toMatchObject([[["n1"], ["n3"], undefined], [{ index: 2, kind: "wipe", reason }]]);
});

describe("a slow link is effective exactly for the packets that are later than they would have been", () => {
  /** Forty messages at once. Returns when each arrived, and the effects of a slow link; null: without it. */
  const burst = (
    slow: object | null,
    link: object,
  ): Promise<{ readonly atUs: readonly number[]; readonly effects: number }> =>
    withNodeEngine({}, async (engine) => {
      const constant = { shape: "constant", minUs: 0, meanUs: 0 };
      const control = new Control({
        seed: "burst",
        engine,
        network: { link: { latency: constant, ...link } } as object,
      });
      const codec = {
        typeOf: () => "nine",
        encode: (bytes: Uint8Array) => bytes,
        decode: (bytes: Uint8Array) => bytes,
      };
      const atUs: number[] = [];
      const program: Program = (host) => {
        const onMessage = ([number]: Uint8Array): void => {
          atUs[number!] = control.nowUs;
        };
        const socket = host.net.open<Uint8Array>({ port: 1, codec, onMessage });
        if (host.name !== "n1") return;
        for (let i = 0; i < 40; i++) socket.send({ host: "n2", port: 1 }, new Uint8Array(9).fill(i));
      };
      for (const name of ["n1", "n2"]) control.addHost({ name, program });
      const active = { index: 0, kind: "slow-link", effects: 0 };
      if (slow !== null) control.network.addRule({ pairs: [["n1", "n2"]], props: { slow }, fault: active });
      control.boot("n2");
      await control.run(1_000);
      control.boot("n1");
      await control.run(100_000);
      return { atUs, effects: active.effects };
    });

  test.each([
    // Rounds to the same time for each packet, though they queue.
    [{ bytesPerSecond: 6_999_999 }, { bytesPerSecond: 7_000_000 }, 0],
    [{ bytesPerSecond: 1_000_000 }, { bytesPerSecond: 7_000_000 }, 40],
    // Drawn from 0 to 4 where it was from 0 to 2: the same for some packets.
    [{ latencyTimes: 2 }, { latency: { shape: "uniform", minUs: 0, meanUs: 1 } }, null],
    [{ latencyTimes: 2 }, { latency: { shape: "uniform", minUs: 1, meanUs: 5 } }, 40],
  ])("%o on %o", async (slow, link, expected) => {
    const [own, slowed] = [await burst(null, link), await burst(slow, link)];
    expect(own.atUs).toHaveLength(40);
    const later = slowed.atUs.filter((us, i) => us > own.atUs[i]!).length;
    expect(slowed.effects).toBe(later);
    if (expected === null) expect([later > 0, later < 40]).toEqual([true, true]);
    else expect(later).toBe(expected);
  });
});
