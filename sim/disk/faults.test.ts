/** One description for each kind of fault: its effect, its end, and that it counts nothing when nothing differed. Long because the kinds are many. */
import { describe, expect, it } from "vitest";
import { bytesOf, DiskRig, type RigOptions, text } from "../../tests/conformance/disk-rig.ts";
import type { Disk, File } from "../host.ts";
import { DiskError } from "../host.ts";
import type { ActiveFault } from "../kernel.ts";
import type { DiskFaultSpec } from "./faults.ts";

const ALWAYS = 1_000_000;

class Lab {
  readonly rig: DiskRig;
  constructor(options: RigOptions = {}) {
    this.rig = new DiskRig(options);
  }

  start(spec: DiskFaultSpec): { readonly fault: ActiveFault; readonly heal: () => void } {
    const fault = this.rig.fault(spec.kind);
    return { fault, heal: this.rig.disk.setFault({ ...spec, fault }) };
  }

  /** A file with durable contents under a durable name. */
  async durable(path: string, contents: string | Uint8Array): Promise<void> {
    await this.rig.run(async (disk) => {
      const file = await disk.open(path, { create: true });
      await file.append(typeof contents === "string" ? bytesOf(contents) : contents);
      await file.sync();
      await disk.syncDir("/");
      await file.close();
    });
  }

  read(path: string): Promise<Uint8Array> {
    return this.rig.run((disk) => readAll(disk, path));
  }

  with<T>(path: string, use: (file: File) => Promise<T>): Promise<T> {
    return this.rig.run(async (disk) => use(await disk.open(path, { create: true })));
  }

  get harm(): readonly string[] {
    return this.rig.disk.lastingHarm.map(({ kind }) => kind);
  }
}

async function readAll(disk: Disk, path: string): Promise<Uint8Array> {
  return (await disk.open(path)).read({ offset: 0, length: 1_000_000 });
}

async function code(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return error instanceof DiskError ? error.code : "another error";
  }
}

const ones = new Uint8Array(2_048).fill(1);

describe("disk-torn", () => {
  it("tears unsynced sectors at a power loss, and counts them", async () => {
    const lab = new Lab({ tearPerMillion: 0 });
    await lab.durable("/f", ones);
    const { fault } = lab.start({ kind: "disk-torn", tearPerMillion: ALWAYS });
    await lab.with("/f", (file) => file.write(0, new Uint8Array(2_048).fill(2)));
    lab.rig.powerLoss();
    expect(fault.effects).toBe(4);
    expect(lab.rig.marked("disk.torn-sector")).toBe(true);
    expect(lab.harm).toEqual([]);
  });

  it("counts nothing when all was synced, when healed, and on other paths", async () => {
    const lab = new Lab({ tearPerMillion: 0 });
    const all = lab.start({ kind: "disk-torn", tearPerMillion: ALWAYS });
    await lab.durable("/f", ones);
    lab.rig.powerLoss();
    all.heal();
    const elsewhere = lab.start({ kind: "disk-torn", tearPerMillion: ALWAYS, pathPrefix: "/g" });
    await lab.with("/f", (file) => file.write(0, new Uint8Array(2_048).fill(2)));
    lab.rig.powerLoss();
    expect([all.fault.effects, elsewhere.fault.effects]).toEqual([0, 0]);
  });

  it("hurts synced bytes only with reach sector, which is lasting harm", async () => {
    for (const reach of ["written", "sector"] as const) {
      let hurt = 0;
      for (let seed = 0; seed < 30; seed += 1) {
        const lab = new Lab({ seed: `reach/${seed}`, tearPerMillion: 0 });
        await lab.durable("/f", new Uint8Array(4_106).fill(1));
        lab.start({ kind: "disk-torn", tearPerMillion: ALWAYS, reach });
        await lab.with("/f", (file) => file.append(new Uint8Array(10).fill(2)));
        lab.rig.powerLoss();
        const isHurt = lab.rig.disk
          .durableFile("/f")!
          .subarray(0, 4_106)
          .some((byte) => byte !== 1);
        expect(lab.harm.includes("disk-torn")).toBe(isHurt);
        hurt += isHurt ? 1 : 0;
      }
      expect(hurt > 0).toBe(reach === "sector");
    }
  });
});

describe("disk-lost-sync", () => {
  it("makes nothing durable and says success; the loss counts when it shows", async () => {
    const lab = new Lab({ seed: "lost-1" });
    await lab.durable("/f", "");
    const { fault } = lab.start({ kind: "disk-lost-sync", perMillion: ALWAYS });
    let losses = 0;
    for (let round = 0; round < 12; round += 1) {
      await lab.with("/f", async (file) => {
        await file.append(bytesOf("claimed!"));
        await file.sync();
      });
      expect(fault.effects).toBe(losses);
      const before = lab.rig.disk.durableFile("/f")!.length;
      lab.rig.powerLoss();
      const isLost = lab.rig.disk.durableFile("/f")!.length < before + 8;
      if (isLost) losses += 1;
      if (isLost) expect(fault.effects).toBeGreaterThanOrEqual(losses);
      losses = fault.effects;
    }
    expect(losses).toBeGreaterThan(0);
    expect(lab.harm).toContain("disk-lost-sync");
    expect(lab.rig.marked("disk.claimed-bytes-lost")).toBe(true);
  });

  it("loses nothing when an honest sync follows", async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const lab = new Lab({ seed: `honest/${seed}` });
      await lab.durable("/f", "");
      const { fault, heal } = lab.start({ kind: "disk-lost-sync", perMillion: ALWAYS });
      await lab.with("/f", async (file) => {
        await file.append(bytesOf("claimed"));
        await file.sync();
        heal();
        await file.sync();
      });
      lab.rig.powerLoss();
      expect(text(await lab.read("/f"))).toBe("claimed");
      expect([fault.effects, lab.harm]).toEqual([0, []]);
    }
  });

  it("lies about directories too", async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const lab = new Lab({ seed: `names/${seed}` });
      const { fault } = lab.start({ kind: "disk-lost-sync", perMillion: ALWAYS, pathPrefix: "/" });
      await lab.rig.run(async (disk) => {
        await disk.open("/f", { create: true });
        await disk.syncDir("/");
      });
      lab.rig.powerLoss();
      expect(fault.effects).toBe(lab.rig.disk.durableFile("/f") === null ? 1 : 0);
      lost += fault.effects;
    }
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(20);
  });

  it("promises nothing about bytes that were written again after the lie", async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const lab = new Lab({ seed: `again/${seed}`, tearPerMillion: 0 });
      await lab.durable("/f", "........");
      const { fault } = lab.start({ kind: "disk-lost-sync", perMillion: ALWAYS });
      await lab.with("/f", async (file) => {
        await file.write(0, bytesOf("claimed!"));
        await file.sync();
        await file.write(0, bytesOf("rewriteX"));
      });
      lab.rig.powerLoss();
      expect(fault.effects).toBe(0);
    }
  });
});

describe("disk-failed-sync", () => {
  it("fails once, later syncs succeed, reads see the bytes until a power loss takes them", async () => {
    const lab = new Lab();
    await lab.durable("/f", "old!");
    const { fault } = lab.start({ kind: "disk-failed-sync", perMillion: ALWAYS, times: 1 });
    await lab.with("/f", async (file) => {
      await file.write(0, bytesOf("new!"));
      expect(await code(file.sync())).toBe("EIO");
      expect(await code(file.sync())).toBe("ok");
      expect(text(await file.read({ offset: 0, length: 9 }))).toBe("new!");
    });
    expect(fault.effects).toBe(1);
    expect(text(lab.rig.disk.durableFile("/f")!)).toBe("old!");
    lab.rig.crash("kill");
    expect(text(await lab.read("/f"))).toBe("new!");
    lab.rig.powerLoss();
    expect(text(await lab.read("/f"))).toBe("old!");
    expect(fault.effects).toBe(2);
    expect(lab.harm).toContain("disk-failed-sync");
  });

  it("is repaired by writing the bytes again", async () => {
    const lab = new Lab();
    await lab.durable("/f", "old!");
    lab.start({ kind: "disk-failed-sync", perMillion: ALWAYS, times: 1 });
    await lab.with("/f", async (file) => {
      await file.write(0, bytesOf("new!"));
      await code(file.sync());
      await file.write(0, bytesOf("new!"));
      await file.sync();
      const version = lab.rig.disk.durableVersion;
      await file.sync(); // Nothing is left to do: no sector counts as dropped any more.
      expect(lab.rig.disk.durableVersion).toBe(version);
    });
    lab.rig.powerLoss();
    expect(text(await lab.read("/f"))).toBe("new!");
  });

  it("does not fail a sync with nothing to write, nor after its end", async () => {
    const lab = new Lab();
    await lab.durable("/f", "old!");
    const { fault, heal } = lab.start({ kind: "disk-failed-sync", perMillion: ALWAYS, times: 9 });
    expect(await lab.with("/f", (file) => code(file.sync()))).toBe("ok");
    heal();
    await lab.with("/f", async (file) => {
      await file.append(bytesOf("more"));
      expect(await code(file.sync())).toBe("ok");
    });
    expect(fault.effects).toBe(0);
  });
});

describe("disk-rot", () => {
  it("flips the bits it was told to, the same at every read, until they are written over", async () => {
    const lab = new Lab();
    await lab.durable("/f", ones);
    const { fault, heal } = lab.start({ kind: "disk-rot", sectors: 2, bits: 3 });
    const bytes = await lab.read("/f");
    const flipped = bytes.reduce((sum, byte) => sum + (byte ^ 1).toString(2).replaceAll("0", "").length, 0);
    expect([flipped, fault.effects]).toEqual([6, 2]);
    heal();
    expect(await lab.read("/f")).toEqual(bytes);
    expect(lab.rig.disk.durableFile("/f")).toEqual(bytes);
    expect(lab.harm).toEqual(["disk-rot", "disk-rot"]);
    await lab.with("/f", async (file) => {
      await file.write(0, ones);
      await file.sync();
    });
    const effects = fault.effects;
    expect(await lab.read("/f")).toEqual(ones);
    expect(fault.effects).toBe(effects);
  });

  it("comes back when the write that covered it is lost", async () => {
    let returned = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const lab = new Lab({ seed: `rot/${seed}`, tearPerMillion: 0 });
      await lab.durable("/f", ones.subarray(0, 512));
      lab.start({ kind: "disk-rot", sectors: 1, bits: 8 });
      const rotten = await lab.read("/f");
      await lab.with("/f", (file) => file.write(0, new Uint8Array(512).fill(2)));
      lab.rig.powerLoss();
      const bytes = await lab.read("/f");
      const isLost = bytes[0] !== 2;
      expect(bytes).toEqual(isLost ? rotten : new Uint8Array(512).fill(2));
      returned += isLost ? 1 : 0;
    }
    expect(returned).toBeGreaterThan(0);
  });

  it("counts nothing unread, and nothing on an empty disk", async () => {
    const lab = new Lab();
    const empty = lab.start({ kind: "disk-rot", sectors: 5, bits: 1 });
    await lab.durable("/f", ones);
    const unread = lab.start({ kind: "disk-rot", sectors: 1, bits: 1 });
    expect([empty.fault.effects, unread.fault.effects, lab.harm]).toEqual([0, 0, ["disk-rot"]]);
  });
});

describe("disk-latent", () => {
  it("fails reads of the sector until it is rewritten", async () => {
    const lab = new Lab();
    await lab.durable("/f", ones);
    const { fault, heal } = lab.start({ kind: "disk-latent", sectors: 4 });
    heal();
    await lab.with("/f", async (file) => {
      expect(await code(file.read({ offset: 600, length: 1 }))).toBe("EIO");
      expect(await code(file.write(600, bytesOf("part")))).toBe("EIO");
      expect(await code(file.write(512, new Uint8Array(512).fill(3)))).toBe("ok");
      expect(await code(file.read({ offset: 512, length: 512 }))).toBe("ok");
      expect(await code(file.read({ offset: 0, length: 2_048 }))).toBe("EIO");
    });
    expect(fault.effects).toBe(3);
    expect(lab.rig.marked("disk.latent-read")).toBe(true);
  });

  it("counts nothing while nobody touches the sector", async () => {
    const lab = new Lab();
    await lab.durable("/f", ones);
    const { fault } = lab.start({ kind: "disk-latent", sectors: 1, pathPrefix: "/f" });
    await lab.with("/f", (file) => file.append(ones));
    await lab.durable("/g", ones);
    await lab.read("/g");
    expect(fault.effects).toBe(0);
  });
});

describe("disk-phantom", () => {
  it("acknowledges a write and goes on showing the old bytes, also after syncs and power losses", async () => {
    const lab = new Lab();
    await lab.durable("/f", "old bytes");
    const { fault, heal } = lab.start({ kind: "disk-phantom", perMillion: ALWAYS });
    await lab.with("/f", async (file) => {
      await file.write(4, bytesOf("BYTES+"));
      await file.sync();
    });
    heal();
    expect(fault.effects).toBe(0);
    expect(text(await lab.read("/f"))).toBe("old bytes\0");
    expect(fault.effects).toBe(1);
    lab.rig.powerLoss();
    expect(text(await lab.read("/f"))).toBe("old bytes\0");
    expect(lab.harm).toEqual(["disk-phantom"]);
    await lab.with("/f", (file) => file.write(4, bytesOf("BYTES+")));
    expect(text(await lab.read("/f"))).toBe("old BYTES+");
  });

  it("counts nothing, and harms nothing, when the bytes were the same", async () => {
    const lab = new Lab();
    await lab.durable("/f", "same");
    const { fault } = lab.start({ kind: "disk-phantom", perMillion: ALWAYS });
    await lab.with("/f", (file) => file.write(0, bytesOf("same")));
    await lab.read("/f");
    expect([fault.effects, lab.harm]).toEqual([0, []]);
  });
});

describe("disk-misdirect", () => {
  it("keeps the old bytes where the write was meant to go and shows the new ones elsewhere", async () => {
    const lab = new Lab();
    await lab.durable("/f", ones);
    const { fault, heal } = lab.start({ kind: "disk-misdirect", perMillion: ALWAYS });
    await lab.with("/f", async (file) => {
      await file.write(512, new Uint8Array(512).fill(2));
      await file.sync();
    });
    heal();
    const bytes = await lab.read("/f");
    expect(bytes.subarray(512, 1_024).every((byte) => byte === 1)).toBe(true);
    expect(bytes.filter((byte) => byte === 2).length).toBe(512);
    expect(bytes.indexOf(2) % 512).toBe(0);
    expect(fault.effects).toBe(2);
    expect(lab.harm).toEqual(["disk-misdirect", "disk-misdirect"]);
    lab.rig.powerLoss();
    expect(await lab.read("/f")).toEqual(bytes);
  });

  it("lands in another file when its own has no other place", async () => {
    const lab = new Lab();
    await lab.durable("/small", "abcd");
    await lab.durable("/other", "........");
    const { fault } = lab.start({ kind: "disk-misdirect", perMillion: ALWAYS, pathPrefix: "/small" });
    await lab.with("/small", (file) => file.write(0, bytesOf("WXYZ")));
    expect(text(await lab.read("/small"))).toBe("abcd");
    expect(text(await lab.read("/other"))).toBe("WXYZ....");
    expect(fault.effects).toBe(2);
  });
});

describe("disk-rollback", () => {
  it("brings back at the next boot what was durable when it began, once", async () => {
    const lab = new Lab();
    await lab.durable("/f", "one");
    const fault = await lab.rig.run(async (disk) => {
      const begun = lab.start({ kind: "disk-rollback" });
      const file = await disk.open("/f");
      await file.append(bytesOf("+two"));
      await file.sync();
      await disk.open("/g", { create: true });
      await disk.syncDir("/");
      return begun.fault;
    });
    lab.rig.powerLoss();
    expect([fault.effects, lab.rig.disk.durableView().length]).toEqual([0, 2]);
    expect(await lab.rig.run((disk) => disk.list("/"))).toEqual(["f"]);
    expect(text(await lab.read("/f"))).toBe("one");
    expect([fault.effects, lab.harm]).toEqual([1, ["disk-rollback"]]);
    await lab.durable("/f", "+three");
    expect(text(await lab.read("/f"))).toBe("one+three");
  });

  it("may be limited to the contents of some files", async () => {
    const lab = new Lab();
    await lab.durable("/f", "one");
    await lab.durable("/g", "one");
    await lab.rig.run(async (disk) => {
      lab.start({ kind: "disk-rollback", pathPrefix: "/f" });
      for (const path of ["/f", "/g"]) await (await disk.open(path)).append(bytesOf("+two"));
    });
    lab.rig.crash("kill");
    expect([text(await lab.read("/f")), text(await lab.read("/g"))]).toEqual(["one", "one+two"]);
    expect(lab.harm).toEqual([]); // Only cached bytes went, and no sync had claimed them.
  });

  it("is lasting harm when it takes what a lying sync had claimed, though nothing durable changes", async () => {
    const lab = new Lab();
    await lab.durable("/f", "one");
    await lab.rig.run(async (disk) => {
      lab.start({ kind: "disk-lost-sync", perMillion: 1_000_000 });
      lab.start({ kind: "disk-rollback" });
      const file = await disk.open("/f");
      await file.append(bytesOf("+two"));
      await file.sync();
    });
    lab.rig.crash("kill");
    expect(text(await lab.read("/f"))).toBe("one");
    expect(lab.harm).toEqual(["disk-rollback"]);
  });

  it("is lasting harm when it takes names that a lying sync had claimed, but not where it leaves names alone", async () => {
    for (const scope of [{}, { pathPrefix: "/f" }]) {
      const lab = new Lab();
      await lab.durable("/f", "one");
      await lab.rig.run(async (disk) => {
        lab.start({ kind: "disk-lost-sync", perMillion: 1_000_000 });
        lab.start({ kind: "disk-rollback", ...scope });
        await disk.rename("/f", "/g");
        await disk.syncDir("/");
      });
      lab.rig.crash("kill");
      const isWhole = Object.keys(scope).length === 0;
      expect(await lab.rig.run((disk) => disk.list("/"))).toEqual([isWhole ? "f" : "g"]);
      expect(lab.harm).toEqual(isWhole ? ["disk-rollback"] : []);
    }
  });

  it("does nothing when it ended before the boot, or nothing had changed", async () => {
    const lab = new Lab();
    await lab.durable("/f", "one");
    const unchanged = lab.start({ kind: "disk-rollback" });
    expect(text(await lab.read("/f"))).toBe("one");
    const ended = lab.start({ kind: "disk-rollback" });
    ended.heal();
    await lab.durable("/f", "+two");
    expect(text(await lab.read("/f"))).toBe("one+two");
    expect([unchanged.fault.effects, ended.fault.effects, lab.harm]).toEqual([0, 0, []]);
  });
});

describe("disk-eio", () => {
  it("fails the operations it names, on the paths it names, until it ends", async () => {
    const lab = new Lab();
    await lab.durable("/f", "x");
    await lab.durable("/g", "x");
    const { fault, heal } = lab.start({
      kind: "disk-eio",
      perMillion: ALWAYS,
      operations: ["read", "append"],
      pathPrefix: "/f",
    });
    expect(await lab.with("/f", (file) => code(file.read({ offset: 0, length: 1 })))).toBe("EIO");
    expect(await lab.with("/f", (file) => code(file.sync()))).toBe("ok");
    expect(await lab.with("/g", (file) => code(file.append(bytesOf("y"))))).toBe("ok");
    expect(fault.effects).toBe(1);
    heal();
    expect(await lab.with("/f", (file) => code(file.read({ offset: 0, length: 1 })))).toBe("ok");
    expect([fault.effects, lab.harm]).toEqual([1, []]);
  });

  it("may have written a prefix, never other bytes", async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 30; seed += 1) {
      const lab = new Lab({ seed: `eio/${seed}` });
      const { heal } = lab.start({ kind: "disk-eio", perMillion: ALWAYS, operations: ["write"] });
      await lab.with("/f", async (file) => expect(await code(file.write(0, bytesOf("abcdef")))).toBe("EIO"));
      heal();
      const contents = text(await lab.read("/f"));
      expect("abcdef".startsWith(contents)).toBe(true);
      lengths.add(contents.length);
    }
    expect(lengths.size).toBeGreaterThan(3);
  });
});

describe("disk-full", () => {
  it("leaves the room it says, writes what fits, and ends", async () => {
    const lab = new Lab();
    await lab.durable("/f", "x");
    const { fault, heal } = lab.start({ kind: "disk-full", freeBytes: 8_192, shrinkBytesPerSecond: 0 });
    await lab.with("/f", async (file) => {
      expect(await code(file.append(new Uint8Array(4_096)))).toBe("ok");
      expect(fault.effects).toBe(0);
      expect(await code(file.append(new Uint8Array(20_000)))).toBe("ENOSPC");
      expect(await file.size()).toBe(3 * 4_096);
    });
    expect(await lab.rig.run((disk) => code(disk.mkdir("/d")))).toBe("ENOSPC");
    expect(fault.effects).toBe(2);
    expect(await lab.rig.run((disk) => code(disk.unlink("/f")))).toBe("ok");
    expect(await lab.rig.run((disk) => code(disk.mkdir("/d")))).toBe("ok");
    heal();
    expect(await lab.with("/f", (file) => code(file.append(new Uint8Array(100_000))))).toBe("ok");
  });

  it("shrinks with time", async () => {
    const lab = new Lab();
    const { fault } = lab.start({ kind: "disk-full", freeBytes: 409_600, shrinkBytesPerSecond: 409_600_000 });
    const codes = await lab.with("/f", async (file) => {
      const seen = [];
      for (let i = 0; i < 100; i += 1) seen.push(await code(file.append(new Uint8Array(4_096))));
      return seen;
    });
    expect(codes.indexOf("ENOSPC")).toBeGreaterThan(5);
    expect(codes.lastIndexOf("ok")).toBeLessThan(codes.indexOf("ENOSPC"));
    expect(fault.effects).toBeGreaterThan(0);
  });

  it("does not count what a disk without it would have refused", async () => {
    const lab = new Lab({ capacityBytes: 8_192 });
    const { fault } = lab.start({ kind: "disk-full", freeBytes: 4_096, shrinkBytesPerSecond: 0 });
    expect(await lab.with("/f", (file) => code(file.append(new Uint8Array(40_000))))).toBe("ENOSPC");
    expect(fault.effects).toBe(0);
  });
});

describe("disk-short-read", () => {
  it("returns a prefix of at least one byte, and a loop gets all", async () => {
    const lab = new Lab();
    await lab.durable("/f", "0123456789");
    const { fault, heal } = lab.start({ kind: "disk-short-read", perMillion: ALWAYS });
    const all = await lab.with("/f", async (file) => {
      let seen = "";
      while (seen.length < 10) {
        const part = text(await file.read({ offset: seen.length, length: 10 }));
        expect(part.length).toBeGreaterThan(0);
        seen += part;
      }
      return seen;
    });
    expect(all).toBe("0123456789");
    const effects = fault.effects;
    expect(effects).toBeGreaterThan(0);
    heal();
    expect((await lab.read("/f")).length).toBe(10);
    await lab.with("/f", (file) => file.read({ offset: 9, length: 10 }));
    expect(fault.effects).toBe(effects);
  });
});

describe("disk-stall and disk-slow", () => {
  it("hold every operation until the stall ends, and count those that waited", async () => {
    const lab = new Lab();
    const { fault, heal } = lab.start({ kind: "disk-stall" });
    const { world } = lab.rig;
    world.schedule(5_000_000, heal);
    const endUs = await lab.with("/f", async (file) => {
      await Promise.all([file.append(bytesOf("a")), file.append(bytesOf("b"))]);
      return world.nowUs;
    });
    expect(endUs).toBeGreaterThan(5_000_000);
    expect(fault.effects).toBe(1); // The open waited; the appends came after.
    const second = lab.start({ kind: "disk-stall" });
    world.schedule(world.nowUs + 1_000_000, second.heal);
    await lab.rig.run((disk) => Promise.all([disk.list("/"), disk.list("/"), disk.list("/")]));
    expect(second.fault.effects).toBe(3);
    expect(lab.rig.marked("disk.stalled")).toBe(true);
  });

  it("are not in service what a stall holds: a kill undoes it", async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const lab = new Lab({ seed: `held/${seed}` });
      const { heal } = lab.start({ kind: "disk-stall" });
      await lab.rig.boot((disk) => disk.mkdir("/d"), { atUs: 1_000_000, how: "kill" });
      heal();
      expect(await lab.rig.run((disk) => disk.list("/"))).toEqual([]);
    }
  });

  it("count nothing when no operation waited", async () => {
    const lab = new Lab();
    const { fault, heal } = lab.start({ kind: "disk-stall" });
    heal();
    heal();
    await lab.durable("/f", "x");
    expect(fault.effects).toBe(0);
  });

  it("stalls go on until the last of them ends", async () => {
    const lab = new Lab();
    const one = lab.start({ kind: "disk-stall" });
    const two = lab.start({ kind: "disk-stall" });
    lab.rig.world.schedule(1_000_000, one.heal);
    lab.rig.world.schedule(2_000_000, two.heal);
    await lab.rig.run((disk) => disk.list("/"));
    expect(lab.rig.world.nowUs).toBeGreaterThan(2_000_000);
    expect([one.fault.effects, two.fault.effects]).toEqual([0, 1]);
  });

  it("multiply the time of each operation", async () => {
    const timeOf = async (factor: number): Promise<number> => {
      const lab = new Lab();
      const slow = factor > 1 ? lab.start({ kind: "disk-slow", factor }) : null;
      await lab.durable("/f", "x");
      if (slow !== null) expect(slow.fault.effects).toBe(5);
      slow?.heal();
      return lab.rig.world.nowUs;
    };
    const normalUs = await timeOf(1);
    expect(await timeOf(10)).toBe(10 * normalUs);
  });
});

describe("the parameters of disk faults", () => {
  const bad: readonly DiskFaultSpec[] = [
    { kind: "disk-eio", perMillion: 1_000_001 },
    { kind: "disk-eio", perMillion: 0.5 },
    { kind: "disk-torn", tearPerMillion: -1 },
    { kind: "disk-slow", factor: 1 },
    { kind: "disk-rot", sectors: 0, bits: 1 },
    { kind: "disk-rot", sectors: 1, bits: 0 },
    { kind: "disk-failed-sync", perMillion: 1, times: 0 },
    { kind: "disk-full", freeBytes: -1, shrinkBytesPerSecond: 0 },
  ];
  for (const spec of bad) {
    it(`are refused when they make no sense: ${JSON.stringify(spec)}`, () => {
      expect(() => new Lab().start(spec)).toThrow(RangeError);
    });
  }
});

describe("a wipe", () => {
  it("leaves an empty disk and is lasting harm, unless nothing was there", async () => {
    const lab = new Lab();
    const nothing = lab.rig.fault("wipe");
    lab.rig.disk.wipe(nothing);
    await lab.durable("/f", "x");
    const wipe = lab.rig.fault("wipe");
    lab.rig.disk.wipe(wipe);
    expect(await lab.rig.run((disk) => disk.list("/"))).toEqual([]);
    expect([nothing.effects, wipe.effects, lab.harm, lab.rig.disk.usedBytes]).toEqual([0, 1, ["wipe"], 0]);
  });

  it("is lasting harm when nothing is durable but what a lying sync has claimed", async () => {
    const lab = new Lab();
    const { heal } = lab.start({ kind: "disk-lost-sync", perMillion: ALWAYS });
    await lab.durable("/f", "claimed");
    heal();
    const wipe = lab.rig.fault("wipe");
    lab.rig.disk.wipe(wipe);
    expect([wipe.effects, lab.harm]).toEqual([1, ["wipe"]]);
  });
});
