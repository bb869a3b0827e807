import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, DiskRig, text } from "../../tests/conformance/disk-rig.ts";
import type { Disk } from "../host.ts";

const SECTOR = 16;

/** A naive file: what is cached, what the last sync made stable, and which bytes were touched since. */
type ModelFile = { cache: number[]; old: number[]; touched: Set<number> };

type Verb = "write" | "append" | "truncate" | "sync" | "unlink" | "rename" | "syncDir";
type Step = {
  readonly verb: Verb;
  readonly name: string;
  readonly to: string;
  readonly offset: number;
  readonly length: number;
};

const name = fc.constantFrom("/a", "/b", "/c");
const verb: fc.Arbitrary<Verb> = fc.constantFrom(
  "write",
  "write",
  "append",
  "append",
  "truncate",
  "sync",
  "sync",
  "unlink",
  "rename",
  "syncDir",
);
const step: fc.Arbitrary<Step> = fc.record({ verb, name, to: name, offset: fc.nat(200), length: fc.nat(100) });

class Model {
  readonly names: Map<string, ModelFile> = new Map();
  /** What each name may lead to after a power loss; null: nothing. */
  readonly candidates: Map<string, Set<ModelFile | null>> = new Map();

  point(at: string, file: ModelFile | null): void {
    const before = this.candidates.get(at) ?? new Set([null]);
    this.candidates.set(at, before.add(file));
    if (file === null) this.names.delete(at);
    else this.names.set(at, file);
  }

  syncNames(): void {
    for (const at of this.candidates.keys()) this.candidates.set(at, new Set([this.names.get(at) ?? null]));
  }

  create(at: string): ModelFile {
    const found = this.names.get(at);
    if (found !== undefined) return found;
    const file: ModelFile = { cache: [], old: [], touched: new Set() };
    this.point(at, file);
    return file;
  }
}

function put(file: ModelFile, offset: number, bytes: readonly number[]): void {
  if (bytes.length === 0) return;
  while (file.cache.length < offset) file.cache.push(0);
  for (const [i, byte] of bytes.entries()) {
    file.cache[offset + i] = byte;
    file.touched.add(offset + i);
  }
}

function cut(file: ModelFile, length: number): void {
  for (let i = length; i < file.cache.length; i += 1) file.touched.add(i);
  file.cache.length = Math.min(file.cache.length, length);
  while (file.cache.length < length) file.cache.push(0);
}

async function perform(disk: Disk, model: Model, each: Step, index: number): Promise<void> {
  if (each.verb === "syncDir") {
    await disk.syncDir("/");
    model.syncNames();
    return;
  }
  if (each.verb === "unlink" || each.verb === "rename") {
    const file = model.names.get(each.name);
    if (file === undefined || (each.verb === "rename" && each.to === each.name)) return;
    if (each.verb === "unlink") await disk.unlink(each.name);
    else await disk.rename(each.name, each.to);
    model.point(each.name, null);
    if (each.verb === "rename") model.point(each.to, file);
    return;
  }
  const handle = await disk.open(each.name, { create: true });
  const file = model.create(each.name);
  if (each.verb === "sync") {
    await handle.sync();
    file.old = [...file.cache];
    file.touched.clear();
  } else if (each.verb === "truncate") {
    await handle.truncate(each.length);
    cut(file, each.length);
  } else {
    const bytes = Array.from({ length: each.length }, (_, i) => 1 + ((i * 3 + index * 11) % 255));
    const offset = each.verb === "append" ? file.cache.length : each.offset;
    if (each.verb === "append") await handle.append(Uint8Array.from(bytes));
    else await handle.write(offset, Uint8Array.from(bytes));
    put(file, offset, bytes);
  }
  await handle.close();
}

/** Says what is wrong with the bytes found after a power loss, or null. */
function fault(file: ModelFile, found: Uint8Array, mayTear: boolean): string | null {
  const { cache, old, touched } = file;
  const low = Math.min(cache.length, old.length);
  const isPartOfGrowth =
    cache.length > old.length && found.length > low && found.length < cache.length && found.length % SECTOR === 0;
  if (found.length !== cache.length && found.length !== old.length && !isPartOfGrowth) return `length ${found.length}`;
  for (let start = 0; start < found.length; start += SECTOR) {
    const sector = Array.from({ length: Math.min(SECTOR, found.length - start) }, (_, i) => start + i);
    const isOld = sector.every((i) => found[i] === (old[i] ?? 0));
    const isNew = sector.every((i) => found[i] === (cache[i] ?? 0));
    if (!mayTear && !isOld && !isNew) return `sector at ${start} is neither old nor new`;
    for (const i of sector) {
      if (i < old.length && !touched.has(i) && found[i] !== old[i]) return `synced byte ${i} changed`;
    }
  }
  return null;
}

async function checkAfterLoss(disk: Disk, model: Model, mayTear: boolean): Promise<void> {
  const listed = new Set(await disk.list("/"));
  for (const [at, candidates] of model.candidates) {
    if (!listed.has(at.slice(1))) {
      expect(candidates.has(null), `${at} is gone`).toBe(true);
      continue;
    }
    const file = await disk.open(at);
    const found = await file.read({ offset: 0, length: 100_000 });
    await file.truncate(found.length + 3 * SECTOR);
    const grown = await file.read({ offset: found.length, length: 3 * SECTOR });
    expect(
      grown.every((byte) => byte === 0),
      `${at} shows old bytes behind its end`,
    ).toBe(true);
    await file.truncate(found.length);
    const faults = [...candidates].filter((file) => file !== null).map((file) => fault(file, found, mayTear));
    expect(faults, `${at} holds what no candidate could leave`).toContain(null);
  }
  for (const at of listed) expect(model.candidates.has(`/${at}`), `/${at} was never there`).toBe(true);
}

describe("the check of what a power loss left", () => {
  const file: ModelFile = { cache: [1, 2, 2], old: [1, 1], touched: new Set([1, 2]) };
  it("rejects a synced byte that changed", () =>
    expect(fault(file, Uint8Array.of(9, 1), true)).toMatch(/synced byte 0/));
  it("rejects a mix where nothing tears", () => expect(fault(file, Uint8Array.of(1, 7, 2), false)).toMatch(/neither/));
  it("rejects a length that never was", () => expect(fault(file, Uint8Array.of(1), true)).toMatch(/length 1/));
  it("accepts the old and the new", () => {
    expect(fault(file, Uint8Array.of(1, 1), false)).toBeNull();
    expect(fault(file, Uint8Array.of(1, 2, 2), false)).toBeNull();
  });
});

describe("a power loss", () => {
  for (const tearPerMillion of [0, 300_000]) {
    it(`leaves synced bytes and durable names, and of the rest only what was there (tears: ${tearPerMillion} ppm)`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(1_000_000), async (steps, seed) => {
          const rig = new DiskRig({ sectorBytes: SECTOR, tearPerMillion, seed: `property/${seed}` });
          const model = new Model();
          await rig.run(async (disk) => {
            for (const [index, each] of steps.entries()) await perform(disk, model, each, index);
          });
          rig.powerLoss();
          await rig.run((disk) => checkAfterLoss(disk, model, tearPerMillion > 0));
          rig.powerLoss();
          const view = rig.disk.durableView();
          rig.powerLoss();
          expect(rig.disk.durableView()).toEqual(view);
        }),
        { numRuns: 400 },
      );
    });
  }

  it("keeps exactly what the durable view promises when nothing is unsynced", async () => {
    const rig = new DiskRig();
    await rig.run(async (disk) => {
      await disk.mkdir("/wal");
      await disk.syncDir("/");
      const file = await disk.open("/wal/0", { create: true });
      await file.append(bytesOf("record"));
      await file.sync();
      await disk.syncDir("/wal");
    });
    expect(rig.disk.durableView().map(({ path, bytes }) => [path, text(bytes)])).toEqual([["/wal/0", "record"]]);
    rig.powerLoss();
    expect(text(rig.disk.durableFile("/wal/0")!)).toBe("record");
    expect(rig.disk.durableFile("/wal/1")).toBeNull();
    expect(rig.disk.durableFile("/wal")).toBeNull();
  });

  it("may take the name of a synced file whose directory was not synced, and may leave it", async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const rig = new DiskRig({ seed: `name/${seed}` });
      await rig.run(async (disk) => {
        const file = await disk.open("/new", { create: true });
        await file.append(bytesOf("synced"));
        await file.sync();
      });
      expect(rig.disk.durableFile("/new")).toBeNull();
      rig.powerLoss();
      seen.add((await rig.run((disk) => disk.list("/"))).length);
      if (rig.disk.durableFile("/new") !== null) expect(text(rig.disk.durableFile("/new")!)).toBe("synced");
      else expect(rig.marked("disk.create-lost")).toBe(true);
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });

  for (const synced of ["neither directory", "one directory"]) {
    it(`keeps a rename as a whole or not at all, with ${synced} synced`, async () => {
      const seen = new Set<string>();
      for (let seed = 0; seed < 40; seed += 1) {
        const rig = new DiskRig({ seed: `rename/${seed}` });
        await rig.run(async (disk) => {
          await disk.mkdir("/d");
          for (const [path, contents] of [
            ["/tmp", "new"],
            ["/d/current", "old"],
          ] as const) {
            const file = await disk.open(path, { create: true });
            await file.append(bytesOf(contents));
            await file.sync();
          }
          await disk.syncDir("/");
          await disk.syncDir("/d");
          await disk.rename("/tmp", "/d/current");
          if (synced === "one directory") await disk.syncDir("/d");
        });
        rig.powerLoss();
        seen.add(
          rig.disk
            .durableView()
            .map(({ path, bytes }) => `${path}=${text(bytes)}`)
            .join(" "),
        );
      }
      expect([...seen].sort()).toEqual(["/d/current=new", "/d/current=old /tmp=new"]);
    });
  }

  it("never leaves a file of two renames under two names, nor under none", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed += 1) {
      const rig = new DiskRig({ seed: `chain/${seed}` });
      await rig.run(async (disk) => {
        await disk.open("/a", { create: true });
        await disk.syncDir("/");
        await disk.rename("/a", "/b");
        await disk.rename("/b", "/c");
      });
      rig.powerLoss();
      seen.add(
        rig.disk
          .durableView()
          .map(({ path }) => path)
          .join(" "),
      );
    }
    expect([...seen].sort()).toEqual(["/a", "/b", "/c"]);
  });

  it("never loses a file that was moved out of a removed directory", async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const rig = new DiskRig({ seed: `rmdir/${seed}` });
      await rig.run(async (disk) => {
        await disk.mkdir("/d");
        await disk.open("/d/f", { create: true });
        await disk.syncDir("/d");
        await disk.syncDir("/");
        await disk.rename("/d/f", "/f");
        await disk.rmdir("/d");
      });
      rig.powerLoss();
      expect(rig.disk.durableView().length).toBe(1);
    }
  });

  it("makes what a durable name builds on durable with it", async () => {
    const rig = new DiskRig();
    await rig.run(async (disk) => {
      for (const directory of ["/d", "/e"]) await disk.mkdir(directory);
      await disk.syncDir("/");
      await disk.open("/d/tmp", { create: true });
      await disk.rename("/d/tmp", "/e/current");
      await disk.syncDir("/d");
      expect(rig.disk.durableFile("/e/current")).toBeNull(); // It waits for /e too.
      await disk.open("/d/tmp", { create: true });
      await disk.syncDir("/d");
    });
    expect(rig.disk.durableView().map(({ path }) => path)).toEqual(["/d/tmp", "/e/current"]);
  });

  it("keeps any subset of independent names", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 150; seed += 1) {
      const rig = new DiskRig({ seed: `subset/${seed}` });
      await rig.run(async (disk) => {
        for (const at of ["/a", "/b", "/c"]) await disk.open(at, { create: true });
      });
      rig.powerLoss();
      seen.add((await rig.run((disk) => disk.list("/"))).join(""));
    }
    expect(seen.size).toBe(8);
  });

  it("keeps any subset of unsynced sectors, in part too, and grows files in part", async () => {
    const subsets = new Set<string>();
    const marks = new Set<string>();
    for (let seed = 0; seed < 400; seed += 1) {
      const rig = new DiskRig({ seed: `sectors/${seed}`, sectorBytes: SECTOR });
      await rig.run(async (disk) => {
        const file = await disk.open("/f", { create: true });
        await file.append(new Uint8Array(3 * SECTOR).fill(1));
        await file.sync();
        await disk.syncDir("/");
        await file.write(0, new Uint8Array(6 * SECTOR).fill(2));
      });
      rig.powerLoss();
      const bytes = rig.disk.durableFile("/f")!;
      const fates = [0, 1, 2].map((s) => {
        const sector = bytes.subarray(s * SECTOR, (s + 1) * SECTOR);
        if (sector.every((byte) => byte === 1)) return "o";
        return sector.every((byte) => byte === 2) ? "n" : "t";
      });
      subsets.add(fates.join(""));
      for (const mark of rig.world.properties.marks.keys()) marks.add(mark);
    }
    for (const want of ["ooo", "oon", "ono", "onn", "noo", "non", "nno", "nnn"]) expect(subsets).toContain(want);
    for (const mark of [
      "disk.torn-sector",
      "disk.garbage-sector",
      "disk.sector-lost",
      "disk.length-lost",
      "disk.length-partial",
    ]) {
      expect(marks).toContain(mark);
    }
  });

  it("may undo a truncation, with the old bytes", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const rig = new DiskRig({ seed: `truncate/${seed}`, tearPerMillion: 0 });
      await rig.run(async (disk) => {
        const file = await disk.open("/f", { create: true });
        await file.append(bytesOf("x".repeat(2_000)));
        await file.sync();
        await disk.syncDir("/");
        await file.truncate(0);
      });
      rig.powerLoss();
      seen.add(text(rig.disk.durableFile("/f")!));
      if (rig.disk.durableFile("/f")!.length > 0) expect(rig.marked("disk.truncate-lost")).toBe(true);
    }
    expect([...seen].map((contents) => contents.length).sort()).toEqual([0, 2_000]);
    expect(seen).toContain("x".repeat(2_000));
  });

  it("frees the room of what it took", async () => {
    const rig = new DiskRig();
    await rig.run(async (disk) => {
      const file = await disk.open("/kept", { create: true });
      await file.append(new Uint8Array(10_000));
      await file.sync();
      await disk.syncDir("/");
      await disk.unlink("/kept");
    });
    rig.crash("kill"); // The handle is gone, and with it the last way to the file.
    expect(rig.disk.usedBytes).toBe(0);
    rig.powerLoss();
    const survived = rig.disk.durableFile("/kept") !== null;
    expect(rig.disk.usedBytes).toBe(survived ? 3 * 4_096 : 0);
  });
});
