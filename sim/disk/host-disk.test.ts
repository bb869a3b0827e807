import { describe, expect, it } from "vitest";
import { bytesOf, DiskRig, text } from "../../tests/conformance/disk-rig.ts";
import type { Disk, File } from "../host.ts";
import { HostDisk } from "./host-disk.ts";

async function workload(disk: Disk): Promise<void> {
  await disk.mkdir("/d");
  const file = await disk.open("/d/log", { create: true });
  for (let i = 0; i < 20; i += 1) {
    await file.append(new Uint8Array(100).fill(i));
    if (i % 5 === 4) await file.sync();
  }
  await disk.rename("/d/log", "/d/old");
  await disk.syncDir("/d");
}

describe("the disk of a host", () => {
  it("does the same for the same seed, and another thing for another", async () => {
    const digestOf = async (seed: string): Promise<string> => {
      const rig = new DiskRig({ seed });
      await rig.boot(workload, { atUs: 9_000, how: "power-loss" });
      await rig.run(workload).catch(() => {});
      return `${rig.world.digest.hex()} ${rig.world.nowUs} ${JSON.stringify(rig.disk.durableView().map(({ bytes }) => [...bytes]))}`;
    };
    expect(await digestOf("a")).toBe(await digestOf("a"));
    expect(await digestOf("a")).not.toBe(await digestOf("b"));
  });

  it("serves operations in order, each after its own latency", async () => {
    const write = { minUs: 7, maxUs: 7, tailPerMillion: 0, tailMaxUs: 7 };
    const rig = new DiskRig({ write, metadata: { ...write, minUs: 3, maxUs: 3 }, bytesPerUs: 10 });
    const times = await rig.run(async (disk) => {
      const file = await disk.open("/f", { create: true });
      const seen: number[] = [rig.world.nowUs];
      const note = (): void => void seen.push(rig.world.nowUs);
      await Promise.all([
        file.append(new Uint8Array(20)).then(note),
        file.append(new Uint8Array(1)).then(note),
        file.size().then(note),
      ]);
      return seen;
    });
    expect(times).toEqual([3, 12, 20, 23]);
  });

  it("keeps cached bytes and names when the process is killed", async () => {
    const rig = new DiskRig();
    await rig.run(async (disk) => {
      const file = await disk.open("/f", { create: true });
      await file.append(bytesOf("cached"));
    });
    rig.crash("kill");
    expect(rig.disk.durableView()).toEqual([]);
    expect(text(await rig.run(async (disk) => (await disk.open("/f")).read({ offset: 0, length: 9 })))).toBe("cached");
  });

  it("does queued operations not at all and the one in service wholly or not, when the process is killed", async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const write = { minUs: 100, maxUs: 100, tailPerMillion: 0, tailMaxUs: 100 };
      const rig = new DiskRig({ seed: `service/${seed}`, write, bytesPerUs: 0 });
      const body = async (disk: Disk): Promise<void> => {
        const file = await disk.open("/f", { create: true });
        rig.world.schedule(rig.world.nowUs + 150, () => {
          rig.crash("kill");
          rig.world.pause();
        });
        await Promise.all([
          file.append(bytesOf("first")),
          file.append(bytesOf("second")),
          file.append(bytesOf("third")),
        ]);
      };
      expect(await rig.boot(body)).toBeNull();
      found.add(text(await rig.run(async (disk) => (await disk.open("/f")).read({ offset: 0, length: 99 }))));
    }
    expect([...found].sort()).toEqual(["first", "firstsecond"]);
  });

  it("completes nothing for a paused host until it is resumed", async () => {
    const rig = new DiskRig();
    const { world } = rig;
    const resumedUs = await rig.run(async (disk) => {
      const incarnation = rig.incarnation!;
      const parked: Parameters<typeof world.requeue>[0][] = [];
      world.onPaused = (event) => void parked.push(event);
      incarnation.isPaused = true;
      world.schedule(world.nowUs + 1_000_000, () => {
        incarnation.isPaused = false;
        for (const event of parked) world.requeue(event);
      });
      await disk.mkdir("/d");
      return world.nowUs;
    });
    expect(resumedUs).toBe(1_000_000);
  });

  it("counts no effect of a fault on an operation that nobody hears of", async () => {
    for (let seed = 0; seed < 10; seed += 1) {
      const rig = new DiskRig({ seed: `unseen/${seed}` });
      const fault = rig.fault("disk-eio");
      rig.disk.setFault({ kind: "disk-eio", perMillion: 1_000_000, operations: ["append"], fault });
      await rig.boot(async (disk) => {
        const file = await disk.open("/f", { create: true });
        rig.world.schedule(rig.world.nowUs, () => {
          rig.crash("kill");
          rig.world.pause();
        });
        await file.append(bytesOf("x"));
      });
      expect(fault.effects).toBe(0);
    }
  });

  it("is inert for an incarnation that has ended", async () => {
    const rig = new DiskRig();
    const kept: { disk: Disk; file: File }[] = [];
    await rig.run(async (disk) => {
      kept.push({ disk, file: await disk.open("/f", { create: true }) });
    });
    rig.crash("kill");
    const { disk, file } = kept[0]!;
    let settled = 0;
    const count = (): void => void (settled += 1);
    await rig.run(async (next) => {
      for (const call of [file.append(bytesOf("ghost")), disk.unlink("/f"), file.close(), disk.list("/")])
        call.then(count, count);
      await next.list("/");
      await next.list("/");
      expect(await (await next.open("/f")).size()).toBe(0);
    });
    expect(settled).toBe(0);
  });

  it("lets a trigger crash the host before an operation, which then does not happen, or after it", async () => {
    for (const [point, contents] of [
      ["append", ""],
      ["append-done", "x"],
    ] as const) {
      const rig = new DiskRig();
      rig.world.onPoint = (on, name) => {
        if (on !== "disk" || name !== point) return;
        rig.world.onPoint = null;
        rig.crash("kill");
        rig.world.pause();
      };
      const ended = await rig.boot(async (disk) => {
        const file = await disk.open("/f", { create: true });
        await Promise.all([file.append(bytesOf("x")), file.append(bytesOf("y"))]);
      });
      expect(ended).toBeNull();
      expect(text(await rig.run(async (disk) => (await disk.open("/f")).read({ offset: 0, length: 9 })))).toBe(
        contents,
      );
    }
  });

  it("does not make the directory before which a trigger killed the host", async () => {
    const rig = new DiskRig();
    rig.world.onPoint = (on) => {
      if (on !== "disk") return;
      rig.world.onPoint = null;
      rig.crash("kill");
      rig.world.pause();
    };
    await rig.boot((disk) => disk.mkdir("/d"));
    expect(await rig.run((disk) => disk.list("/"))).toEqual([]);
  });

  it("records what it does when the run is traced, and nothing of it changes the digest", async () => {
    const rigs = [true, false].map((isTracing) => new DiskRig({ isTracing }));
    for (const rig of rigs) {
      await rig.run(workload);
      rig.powerLoss();
    }
    const [traced, plain] = rigs;
    expect(traced!.world.digest.hex()).toBe(plain!.world.digest.hex());
    const actions = traced!.world.traceRecords.map(({ action }) => action);
    expect(actions.filter((action) => action === "disk.append").length).toBe(20);
    expect(actions.at(-1)).toBe("disk.power-loss");
    expect(plain!.world.traceRecords).toEqual([]);
  });

  it("refuses to be full of more than its capacity, and frees what is removed", async () => {
    const rig = new DiskRig({ capacityBytes: 16_384 });
    await rig.run(async (disk) => {
      const file = await disk.open("/f", { create: true });
      await expect(file.append(new Uint8Array(20_000))).rejects.toThrow("ENOSPC");
      expect(await file.size()).toBe(16_384);
      await file.sync();
      await file.truncate(5_000);
      expect(rig.disk.usedBytes).toBe(16_384); // The old bytes must stay until the truncation is durable.
      await file.sync();
      expect(rig.disk.usedBytes).toBe(8_192);
      await file.truncate(0);
      await file.append(new Uint8Array(10_000));
      await file.close();
      await disk.unlink("/f");
    });
    expect(rig.disk.usedBytes).toBe(0);
  });

  it("tells monitors when the durable state may have changed, and only then", async () => {
    const rig = new DiskRig();
    const versions = await rig.run(async (disk) => {
      const seen = [rig.disk.durableVersion];
      const file = await disk.open("/f", { create: true });
      await file.append(bytesOf("x"));
      seen.push(rig.disk.durableVersion);
      await file.sync();
      seen.push(rig.disk.durableVersion);
      await file.sync();
      seen.push(rig.disk.durableVersion);
      await disk.syncDir("/");
      seen.push(rig.disk.durableVersion);
      return seen;
    });
    expect(versions.map((version) => version - versions[0]!)).toEqual([0, 0, 1, 1, 2]);
  });

  it("commits names by itself when very many wait", async () => {
    const rig = new DiskRig();
    await rig.run(async (disk) => {
      for (let i = 0; i < 5_000; i += 1) await (await disk.open(`/${i % 50}-${i}`, { create: true })).close();
    });
    expect(rig.marked("disk.journal-full")).toBe(true);
    expect(rig.disk.durableFile("/0-0")).not.toBeNull();
    expect(rig.disk.durableFile("/49-4999")).toBeNull();
  });

  it("refuses options that make no sense", () => {
    const { world } = new DiskRig();
    const range = { minUs: 1, maxUs: 2, tailPerMillion: 0, tailMaxUs: 2 };
    const bad = [
      { sectorBytes: 500 },
      { sectorBytes: 8 },
      { capacityBytes: -1 },
      { bytesPerUs: 0.5 },
      { read: { ...range, minUs: 0 } },
      { sync: { ...range, maxUs: 0 } },
      { tearPerMillion: Number.NaN },
    ];
    for (const options of bad) expect(() => new HostDisk(world, "n2", options)).toThrow(RangeError);
  });
});
