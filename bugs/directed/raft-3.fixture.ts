/**
 * RAFT-3: an entry is acknowledged when it is synced, before that sync is on record.
 *
 * On the simulator, with the real node, log and disk: three servers elect a leader and store its first entry. The disk is read from outside.
 */
import { type RaftAckRecord, RaftMonitor, type RaftStateRecord } from "../../checkers/raft-monitor.ts";
import { readDurableLog } from "../../systems/raft/durable-log.ts";
import { expectStep, load, type Verdict, verdictOf } from "./script.fixture.ts";

const RUN_US = 2_000_000;

export async function witnessRaft3(root: string): Promise<Verdict> {
  const { withNodeEngine } = await load<typeof import("../../runtime/engine.ts")>(root, "runtime/engine.ts");
  const { Control } = await load<typeof import("../../sim/control.ts")>(root, "sim/control.ts");
  const { kvServer } = await load<typeof import("../../systems/kv/server.ts")>(root, "systems/kv/server.ts");
  const { KV_SERVER_DEFAULTS } = await load<typeof import("../../systems/kv/options.ts")>(
    root,
    "systems/kv/options.ts",
  );
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "raft-3", engine });
    const members = [1, 2, 3].map((id) => ({ id, host: `n${id}`, raftPort: 7_000, clientPort: 7_001 }));
    const monitor = new RaftMonitor({ voters: members.length });
    let acknowledged = 0;
    control.world.onObservation("raft.state", (_host, _incarnation, data) => monitor.observe(data as RaftStateRecord));
    control.world.onObservation("raft.ack", (host, _incarnation, data) => {
      acknowledged += 1;
      monitor.acknowledged(data as RaftAckRecord, readDurableLog(control.durableView(host)));
    });
    for (const { host: name } of members) {
      control.addHost({ name, program: kvServer({ members, settings: KV_SERVER_DEFAULTS }) });
      control.boot(name, true);
    }
    await control.run(RUN_US);
    expectStep(acknowledged > 0, "an acknowledgement");
    return verdictOf(monitor, {
      held: `${acknowledged} acknowledgements rested on a sync that was on record`,
      broke: "a boot may take what was acknowledged for a torn tail, and drop it",
    });
  });
}
