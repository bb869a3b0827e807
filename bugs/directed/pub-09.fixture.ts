/** PUB-09: a reply is lost, and the client asks again (rqlite/rqlite#1628, rabbitmq/ra#145, Jepsen on jetcd 0.8.2). */
import type { Write } from "../../systems/kv/command.ts";
import { KV_SERVER_DEFAULTS } from "../../systems/kv/options.ts";
import type { CommandResult } from "../../systems/kv/store.ts";
import { openStore } from "./kv-store.fixture.ts";
import { expectStep, type Verdict } from "./script.fixture.ts";

export async function witnessPub09(root: string): Promise<Verdict> {
  const { store, commit } = await openStore(root, KV_SERVER_DEFAULTS);
  const write = (session: number, sequence: number, what: Write): CommandResult =>
    commit({ kind: "write", proposedUs: 1_000_000, session, sequence, write: what });

  // Two clients with a session each; a session's number is the index of the entry that registered it.
  for (const client of ["c1:1", "c2:1"]) commit({ kind: "register", proposedUs: 1_000_000, client, registration: 1 });

  // Client 1 counts from nothing to "1". It is applied, but the reply is lost.
  const count: Write = { f: "cas", key: "n", value: [null, "1"] };
  const first = write(1, 1, count);
  const isFirstDone = first.status === "applied" && first.isSwapped;
  expectStep(isFirstDone, "the first attempt");

  // Client 2 sets the counter back.
  write(2, 1, { f: "delete", key: "n" });

  // Client 1 tries again, with the number of its first attempt. Paper, section 8, and thesis, section 6.3: "If it receives a command whose serial
  // number has already been executed, it responds immediately without re-executing the request."
  const retried = write(1, 1, count);
  const value = store.get("n");
  const isAnsweredAlike = retried.status === "applied" && retried.isSwapped;
  if (value === null && isAnsweredAlike)
    return { violated: [], told: "the retry got the first answer, and changed nothing" };
  return {
    violated: ["applied-twice"],
    told: `one cas took effect twice: the deleted counter is ${JSON.stringify(value)}`,
  };
}
