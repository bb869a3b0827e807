/** Catching up after a boot, for replicas that trim: it ends, whatever a peer has promised and lost. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { File, Host } from "../../../sim/host.ts";
import { type MoveOp, type MoveTree, moveTree, TREE_ROOT } from "../move-tree.ts";
import { integerCodec } from "../value-codec.ts";
import { checkRecords, type OpenStage, runFor, simulate } from "./cluster.fixture.ts";
import { OpReplica } from "./op-replica.ts";
import { Replica } from "./replica.ts";

const tree = moveTree(integerCodec);
type TreeReplica = Replica<MoveTree<number>, MoveOp<number>> | OpReplica<MoveTree<number>, MoveOp<number>>;

const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));

/** Syncs of this host's disk do not return while `isStalled`. */
function withStallingDisk(host: Host, isStalled: () => boolean): Host {
  const { disk } = host;
  const open: Host["disk"]["open"] = async (path, options) => {
    const file = await disk.open(path, options);
    const sync: File["sync"] = () => (isStalled() ? new Promise(() => undefined) : file.sync());
    return {
      path: file.path,
      read: (range) => file.read(range),
      write: (offset, bytes) => file.write(offset, bytes),
      append: (bytes) => file.append(bytes),
      truncate: (length) => file.truncate(length),
      sync,
      size: () => file.size(),
      close: () => file.close(),
    };
  };
  const stalling: Host["disk"] = {
    open,
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    mkdir: (path) => disk.mkdir(path),
    rmdir: (path) => disk.rmdir(path),
    list: (path) => disk.list(path),
    syncDir: (path) => disk.syncDir(path),
  };
  return Object.create(host, { disk: { value: stalling } }) as Host;
}

const MODES = ["deltas", "operations"] as const;

function start(mode: (typeof MODES)[number], host: Host, peers: readonly string[]): Promise<TreeReplica> {
  const trimming = { everyRounds: 1, catchUpPeers: 2 };
  // Reports are outside the budget; a whole state takes more rounds than the peer has left.
  const bounds = { roundUs: 20_000, roundBytesMax: 200, journalBytesMax: 4_000, trimming };
  const common = { type: tree, peers, port: 7, ...bounds };
  return mode === "deltas"
    ? Replica.start(host, { ...common, deltaCountMax: 50 })
    : OpReplica.start(host, { ...common, operationCountMax: 50, holdBackCountMax: 20 });
}

describe("catching up", { timeout: 60_000 }, () => {
  for (const mode of MODES) {
    it(`does not wait for what a peer has reported and then lost in a crash (${mode})`, async () => {
      const made: string[] = [];
      let next = 1;
      let stalled = "";
      const options = {
        seed: "promised",
        faultPerMillion: 0,
        start: (host: Host, peers: readonly string[]): Promise<TreeReplica> =>
          start(
            mode,
            withStallingDisk(host, () => stalled === host.name),
            peers,
          ),
        write: async (replica: TreeReplica) => {
          const meta = next++;
          const id = await replica.update((_state, actor) =>
            tree.move(replica.state, actor, { child: `v${meta}`, parent: TREE_ROOT, meta }),
          );
          if (id !== null) made.push(id.actor);
        },
      };
      await simulate<TreeReplica>(openStage, options, async (cluster) => {
        const { control, replicas } = cluster;
        stalled = "n2"; // it goes on updating in memory, and reports that
        await runFor(cluster, 50_000);
        const promised = replicas.get("n2")!.seen.get("n2#1");
        expect(promised).toBeGreaterThan(replicas.get("n2")!.durable.get("n2#1"));
        control.kill("n1");
        control.boot("n1");
        await runFor(cluster, 100_000);
        control.powerLoss("n2");
        stalled = "";
        control.boot("n2");
        await runFor(cluster, 100_000);
        cluster.isWriting = false;
        await runFor(cluster, 4_000_000);
        expect(replicas.get("n1")!.seen.get("n2#1"), "the rest was lost for ever").toBeLessThan(promised);
        expect(made).toContain("n1#2");
        expect(made).toContain("n2#2");
        const logs = ["n1", "n2", "n3"].map((name) => replicas.get(name)!.state.log.length);
        expect(logs, "trimming goes on").toEqual([0, 0, 0]);
        checkRecords(cluster);
      });
    });
  }
});
