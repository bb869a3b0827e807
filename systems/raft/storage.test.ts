import { expect, test } from "vitest";
import { DiskError } from "../../sim/host.ts";
import { crc32 } from "./bytes.ts";
import { TestRandom } from "./cluster.fixture.ts";
import type { DiskHost } from "./disk-io.ts";
import { CrashError, FakeDisk } from "./fake-disk.fixture.ts";
import type { Entry, Snapshot } from "./message.ts";
import { UntrustedDiskError } from "./recovery.ts";
import { openStorage, type OpenedStorage } from "./storage.ts";

type State = {
  readonly term: number;
  readonly vote: number;
  readonly entries: readonly Entry[];
  readonly snapshotIndex: number;
};

/** What a workload claimed so far: the states in order, and which of them was acknowledged last. */
type Ledger = { readonly states: State[]; acked: number };

function hostOf(disk: FakeDisk): DiskHost {
  const timers = { after: () => ({ cancel: () => undefined }), sleep: async () => undefined };
  return { disk, timers, mark: () => undefined };
}

function open(disk: FakeDisk, isClusterFirst = false): Promise<OpenedStorage> {
  return openStorage({ host: hostOf(disk), directory: "/raft", nodeId: 2, segmentBytes: 1_024, isClusterFirst });
}

function entryOf(index: number, term: number, bytes: number): Entry {
  const data = new Uint8Array(bytes).fill(index + term);
  return { index, term, data, checksum: crc32(data) };
}

function snapshotOf(index: number, term: number): Snapshot {
  const data = new Uint8Array(100).fill(index);
  return { index, term, data, checksum: crc32(data) };
}

/** Saves, confirms, truncates, takes snapshots; stops by throwing where the disk does. */
async function work(disk: FakeDisk, seed: number, steps: number, ledger: Ledger): Promise<void> {
  const random = new TestRandom(seed);
  const { storage } = await open(disk, true);
  let log: Entry[] = [];
  let term = 1;
  let vote = 0;
  let snapshotIndex = 0;
  let commit = 0;
  ledger.states.push({ term: 0, vote: 0, entries: [], snapshotIndex: 0 });
  ledger.acked = ledger.states.length - 1;
  for (let step = 1; step <= steps; step += 1) {
    if (random.below(4) === 0) {
      term += 1;
      vote = random.below(4);
      // A new leader may replace what is not committed.
      log = log.slice(0, random.between(commit, log.length));
    }
    const first = log.length + 1;
    const added: Entry[] = [];
    for (let i = random.below(4); i > 0; i -= 1) added.push(entryOf(first + added.length, term, random.below(250)));
    log = [...log, ...added];
    if (added.length === 0) log = ledger.states[ledger.states.length - 1]!.entries.slice();
    ledger.states.push({ term, vote, entries: log, snapshotIndex });
    const last = log[log.length - 1];
    await storage.save({
      sequence: step,
      term,
      vote,
      commit,
      entries: added,
      lastIndex: log.length,
      lastTerm: last?.term ?? 0,
    });
    // A durable batch records that the one before it is synced.
    ledger.acked = Math.max(ledger.acked, ledger.states.length - 2);
    if (random.below(2) === 0) {
      await storage.confirm();
      ledger.acked = ledger.states.length - 1;
      commit = log.length;
    }
    if (random.below(3) === 0 && commit > snapshotIndex) {
      snapshotIndex = commit;
      await storage.saveSnapshot(snapshotOf(commit, log[commit - 1]!.term));
    }
  }
}

/** The recovered state is one of those from the last acknowledged one on. */
function expectRecovered(opened: OpenedStorage, ledger: Ledger, context: object): void {
  const { hardState, snapshot, entries } = opened;
  const base = snapshot?.index ?? 0;
  const isSame = (state: State): boolean =>
    state.term === hardState.term &&
    state.vote === hardState.vote &&
    base >= state.snapshotIndex &&
    Math.max(base, state.entries.length) === base + entries.length &&
    entries.every((entry) => {
      const claimed = state.entries[entry.index - 1];
      return claimed !== undefined && claimed.term === entry.term && claimed.checksum === entry.checksum;
    });
  const possible = ledger.states.slice(ledger.acked);
  expect({ ...context, isRecovered: possible.some(isSame) }).toEqual({ ...context, isRecovered: true });
}

async function crashDuring(use: () => Promise<unknown>): Promise<void> {
  try {
    await use();
  } catch (error) {
    if (!(error instanceof CrashError)) throw error;
  }
}

async function countOperations(seed: number, steps: number): Promise<number> {
  const disk = new FakeDisk(seed);
  await work(disk, seed, steps, { states: [], acked: 0 });
  return disk.operations;
}

/** Runs the workload up to its operation `at`, where the machine stops. Null: it was not even formatted by then. */
async function workUntil(seed: number, steps: number, at: number): Promise<{ disk: FakeDisk; ledger: Ledger } | null> {
  const disk = new FakeDisk(seed);
  disk.crashAt = at;
  const ledger: Ledger = { states: [], acked: 0 };
  await crashDuring(() => work(disk, seed, steps, ledger));
  disk.crashAt = 0;
  return ledger.states.length === 0 ? null : { disk, ledger };
}

test("whatever was acknowledged is there after a crash at any operation, by a kill or by a loss of power", async () => {
  const steps = 30;
  for (const seed of [1, 2, 3]) {
    const total = await countOperations(seed, steps);
    for (let at = 1; at <= total; at += 1) {
      const crashed = await workUntil(seed, steps, at);
      if (crashed === null) continue;
      const { disk, ledger } = crashed;
      for (const mood of ["killed", "lost", "kept", "mixed", "mixed"] as const) {
        const image = disk.fork(at * 5 + mood.length);
        if (mood !== "killed") image.losePower(mood);
        expectRecovered(await open(image), ledger, { seed, at, mood });
      }
    }
  }
}, 30_000);

test("a crash during recovery, at any of its operations, loses nothing either", async () => {
  const steps = 12;
  const seed = 4;
  const total = await countOperations(seed, steps);
  for (let at = 1; at <= total; at += 3) {
    const crashed = await workUntil(seed, steps, at);
    if (crashed === null) continue;
    const first = crashed.disk.fork(at);
    first.losePower("mixed");
    for (let second = 1; second <= 25; second += 1) {
      const image = first.fork(second);
      image.crashAt = second;
      await crashDuring(() => open(image));
      image.crashAt = 0;
      if (second % 2 === 0) image.losePower("mixed");
      expectRecovered(await open(image), crashed.ledger, { at, second });
    }
  }
}, 30_000);

test("a flipped bit anywhere is survived or refused, and never takes back what was acknowledged", async () => {
  const disk = new FakeDisk(5);
  const ledger: Ledger = { states: [], acked: 0 };
  await work(disk, 5, 25, ledger);
  const outcomes = { recovered: 0, refused: 0 };
  for (const path of disk.paths) {
    for (let byte = 0; byte < disk.sizeOf(path); byte += 5) {
      const image = disk.fork(byte);
      image.flip(path, byte * 8 + (byte % 8));
      try {
        expectRecovered(await open(image), ledger, { path, byte });
        outcomes.recovered += 1;
      } catch (error) {
        if (!(error instanceof UntrustedDiskError)) throw error;
        outcomes.refused += 1;
      }
    }
  }
  expect(outcomes.recovered).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(100);
}, 30_000);

test("the damage of an acknowledged last batch is refused, that of an unacknowledged one is dropped", async () => {
  const attempt = async (isConfirmed: boolean): Promise<string> => {
    const disk = new FakeDisk(6);
    const { storage } = await open(disk, true);
    const entries = [entryOf(1, 1, 10)];
    await storage.save({ sequence: 1, term: 1, vote: 2, commit: 0, entries, lastIndex: 1, lastTerm: 1 });
    if (isConfirmed) await storage.confirm();
    disk.flip("/raft/wal-0000000001", 8 * 520);
    try {
      const { hardState, entries: found } = await open(disk);
      return `term ${hardState.term}, ${found.length} entries`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(await attempt(true)).toBe("wal-0000000001 is intact up to 512; it was synced up to 1024.");
  expect(await attempt(false)).toBe("term 0, 0 entries");
});

test("damage to the log and to the extent file at once is in doubt, and refused", async () => {
  const disk = new FakeDisk(7);
  const { storage } = await open(disk, true);
  await storage.save({ sequence: 1, term: 1, vote: 2, commit: 0, entries: [], lastIndex: 0, lastTerm: 0 });
  await storage.confirm();
  disk.flip("/raft/wal-0000000001", 8 * 520);
  disk.flip("/raft/extent", 8 * 4_098);
  await expect(open(disk)).rejects.toThrow("wal-0000000001 and the extent file are both damaged.");
});

test("an empty disk is formatted on the first boot of the cluster, and refused on any later one", async () => {
  await expect(open(new FakeDisk(8))).rejects.toThrow(UntrustedDiskError);
  const disk = new FakeDisk(8);
  expect((await open(disk, true)).hardState).toEqual({ term: 0, vote: 0, commit: 0 });
  expect((await open(disk)).hardState).toEqual({ term: 0, vote: 0, commit: 0 });
});

test("the disk of another node, and a lost snapshot, are refused", async () => {
  const disk = new FakeDisk(9);
  const ledger: Ledger = { states: [], acked: 0 };
  await work(disk, 9, 25, ledger);
  const other = {
    host: hostOf(disk.fork(1)),
    directory: "/raft",
    nodeId: 3,
    segmentBytes: 1_024,
    isClusterFirst: false,
  };
  await expect(openStorage(other)).rejects.toThrow("The disk belongs to node 2, this is node 3.");
  const snapshot = disk.paths.find((path) => path.includes("snapshot-"))!;
  await disk.unlink(snapshot);
  await expect(open(disk)).rejects.toThrow(UntrustedDiskError);
});

test("a short read is continued, a failing one is tried again and then reported", async () => {
  const disk = new FakeDisk(10);
  await work(disk, 10, 10, { states: [], acked: 0 });
  let failures = 3;
  const flaky = (isHopeless: boolean): DiskHost => {
    const base = hostOf(disk.fork(1));
    const openFile = base.disk.open.bind(base.disk);
    const wrapped = Object.create(base.disk) as DiskHost["disk"];
    wrapped.list = base.disk.list.bind(base.disk);
    wrapped.rename = base.disk.rename.bind(base.disk);
    wrapped.unlink = base.disk.unlink.bind(base.disk);
    wrapped.syncDir = base.disk.syncDir.bind(base.disk);
    wrapped.open = async (path, options) => {
      const file = await openFile(path, options);
      const read: typeof file.read = async ({ offset, length }) => {
        if (isHopeless || (failures -= 1) >= 0) throw new DiskError("EIO", "injected");
        return file.read({ offset, length: Math.min(length, 100) });
      };
      return { ...file, read };
    };
    return { ...base, disk: wrapped };
  };
  const init = { directory: "/raft", nodeId: 2, segmentBytes: 1_024, isClusterFirst: false };
  expect((await openStorage({ ...init, host: flaky(false) })).hardState.term).toBeGreaterThan(0);
  await expect(openStorage({ ...init, host: flaky(true) })).rejects.toThrow(DiskError);
});
