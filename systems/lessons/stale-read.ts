/**
 * Wrong on purpose. A register with a primary that copies each write to all replicas and waits for a majority of them, but
 * a read is answered by any one replica from its own memory: a replica that missed the write answers with the old value.
 *
 * The lesson: a majority on the write side alone is not enough; a read has to meet it.
 */
import type { Host, Program } from "../../sim/host.ts";
import { type Asker, openAsker } from "./ask.ts";

const PORT = 7000;
const CLIENT_PORT = 7001;
const COPY_TIMEOUT_US = 50_000;
const CLIENT_TIMEOUT_US = 300_000;

/** The program of one replica; the first of `nodes` is the primary. */
export function staleReadReplica(nodes: readonly string[]): Program {
  return (host) => {
    let value: string | null = null;
    let version = 0;
    const peers = nodes.filter((node) => node !== host.name);
    const copy = async (asker: Asker, next: { value: string; version: number }): Promise<number> => {
      const copies = peers.map((peer) =>
        asker.ask({ host: peer, port: PORT }, { type: "copy", ...next }, COPY_TIMEOUT_US),
      );
      const answers = await Promise.all(copies);
      return 1 + answers.filter((answer) => answer !== null).length;
    };
    const asker = openAsker(host, PORT, async (message, _from, answer) => {
      if (message.type === "read") answer({ type: "value", value });
      else if (message.type === "copy" && message.version! >= version) {
        value = message.value!;
        version = message.version!;
        answer({ type: "copied" });
      } else if (message.type === "write") {
        value = message.value!;
        version++;
        const stored = await copy(asker, { value, version });
        if (stored > nodes.length / 2) answer({ type: "written" });
      }
    });
  };
}

/** A client of the register: writes to the primary, reads from a replica at random. */
export function staleReadClient(
  host: Host,
  nodes: readonly string[],
): { read(): Promise<string | null | undefined>; write(value: string): Promise<boolean> } {
  const asker = openAsker(host, CLIENT_PORT);
  return {
    read: async () =>
      (await asker.ask({ host: host.random.pick(nodes), port: PORT }, { type: "read" }, CLIENT_TIMEOUT_US))?.value,
    write: async (value) =>
      (await asker.ask({ host: nodes[0]!, port: PORT }, { type: "write", value }, CLIENT_TIMEOUT_US)) !== null,
  };
}
