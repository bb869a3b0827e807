/** KV-1: a leader is deposed, leads again where its log was cut, and a client retries what it lost. */
import type { Waiting } from "../../systems/kv/waiting.ts";
import { expectStep, load, type Verdict } from "./script.fixture.ts";

export async function witnessKv1(root: string): Promise<Verdict> {
  const { WaitingClients } = await load<typeof import("../../systems/kv/waiting.ts")>(root, "systems/kv/waiting.ts");
  const clients = new WaitingClients();
  const first: Waiting = { command: "write 1 1", term: 1, from: { host: "c1", port: 1 }, request: 10 };
  const second: Waiting = { command: "write 2 1", term: 3, from: { host: "c2", port: 1 }, request: 20 };

  // Client 1's command is at index 5 of the leader's log, which is cut there while another node leads in term 2.
  clients.add(5, first);

  // It leads again, in term 3, and client 2's command comes to stand at index 5.
  clients.add(5, second);

  // Client 1 has got no answer and tries again: its command is in no log any more.
  const isJoined = clients.join({ ...first, term: 3, request: 11 });

  const { answered } = clients.applied(5, 3);
  expectStep(answered !== null, "the answer to what was applied");
  if (!isJoined && answered?.command === second.command)
    return { violated: [], told: "the retry is proposed again, and client 2 got the answer to its own command" };
  return {
    violated: ["foreign-answer"],
    told: "client 1 got the answer to client 2's command, and client 2 is forgotten",
  };
}
