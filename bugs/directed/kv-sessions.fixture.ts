/** KV-2 and KV-3: sessions that expire. The store of any root is judged by the present monitor. */
import { KvStoreMonitor } from "../../checkers/kv-store-monitor.ts";
import type { Write } from "../../systems/kv/command.ts";
import { KV_SERVER_DEFAULTS } from "../../systems/kv/options.ts";
import type { CommandResult } from "../../systems/kv/store.ts";
import { openStore } from "./kv-store.fixture.ts";
import { expectStep, type Verdict } from "./script.fixture.ts";

type Replica = {
  readonly monitor: KvStoreMonitor;
  register(proposedUs: number): void;
  put(proposedUs: number, session: number, sequence: number): CommandResult;
};

const LIMITS = { ...KV_SERVER_DEFAULTS, sessionTtlUs: 250_000 };
const PUT: Write = { f: "put", key: "k", value: "1" };

async function openReplica(root: string): Promise<Replica> {
  const monitor = new KvStoreMonitor(LIMITS);
  let clients = 0;
  const { commit } = await openStore(root, LIMITS, (index, result, command) =>
    monitor.applied({ host: "n1", index, command, result }),
  );
  return {
    monitor,
    register: (proposedUs) => {
      clients += 1;
      commit({ kind: "register", proposedUs, client: `c${clients}:1`, registration: 1 });
    },
    put: (proposedUs, session, sequence) => commit({ kind: "write", proposedUs, session, sequence, write: PUT }),
  };
}

function verdictOf({ monitor }: Replica, told: { readonly held: string; readonly broke: string }): Verdict {
  const [first] = monitor.violations;
  if (first === undefined) return { violated: [], told: told.held };
  return { violated: ["kv.answer-follows-log"], told: `${told.broke} (${first})` };
}

export async function witnessKv2(root: string): Promise<Verdict> {
  const replica = await openReplica(root);
  replica.register(1_000_000);
  replica.register(1_000_000);
  expectStep(replica.put(1_000_000, 1, 1).status === "applied", "the first attempt of client 1");

  // Its answer is lost. Client 2 goes on, until the silent session of client 1 has expired; then the retry comes.
  for (let i = 1; i <= 3; i += 1) replica.put(1_000_000 + 100_000 * i, 2, i);
  replica.put(1_300_000, 1, 1);
  return verdictOf(replica, {
    held: "the retry of an expired session is refused",
    broke: "the retry of an expired session took effect a second time",
  });
}

export async function witnessKv3(root: string): Promise<Verdict> {
  const replica = await openReplica(root);
  replica.register(1_000_000);

  // A write every 100 ms: the session is never silent for 250 ms.
  for (let i = 1; i <= 4; i += 1) replica.put(1_000_000 + 100_000 * i, 1, i);
  return verdictOf(replica, {
    held: "a session that is in use does not expire",
    broke: "a session expired while it was in use",
  });
}
