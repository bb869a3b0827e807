/**
 * A server of the store: one member of the Raft group, and a port for clients.
 *
 * Writes go through the log and are answered when applied. Reads are linearizable by ReadIndex (Raft thesis, section 6.4),
 * each attempt with an index of its own, or stale where the client says so.
 */
import type { Address, DatagramSocket, Host, Program } from "../../sim/host.ts";
import type { Entry, NodeId } from "../raft/message.ts";
import { type RaftNode, startRaftNode } from "../raft/node.ts";
import { encodeCommand } from "./command.ts";
import type { KvServerSettings } from "./options.ts";
import { type KvMessage, type KvReply, type KvRequest, type KvStatus, kvCodec } from "./protocol.ts";
import { type CommandResult, KvStore } from "./store.ts";

export type KvMember = {
  readonly id: NodeId;
  readonly host: string;
  readonly raftPort: number;
  readonly clientPort: number;
};

export type KvServerOptions = {
  /** All members. The program finds itself by the name of its host. */
  readonly members: readonly KvMember[];
  readonly settings: KvServerSettings;
};

const DIRECTORY = "/raft";

/** The program that every member of the group runs. Throws RangeError on a host that is no member. */
export function kvServer(options: KvServerOptions): Program {
  return async (host) => {
    const self = options.members.find((member) => member.host === host.name);
    if (self === undefined) throw new RangeError(`Host ${JSON.stringify(host.name)} is no member of the store.`);
    const server = new KvServer(host, options.settings);
    const members = options.members.map(({ id, host: name, raftPort: port }) => ({
      id,
      address: { host: name, port },
    }));
    const { raft } = options.settings;
    const node = await startRaftNode(host, {
      id: self.id,
      members,
      options: raft,
      stateMachine: server.store,
      directory: DIRECTORY,
    });
    if (node === null) return;
    server.serve(node, self.clientPort);
  };
}

type Pending = { readonly from: Address; readonly request: number; readonly term: number; readonly key: string };

/** What a retry has in common with the attempts before it: a client has one command outstanding at a time. */
function commandKey(request: KvRequest & { readonly kind: "register" | "write" }, from: Address): string {
  return request.kind === "write" ? `${request.session}/${request.sequence}` : `${from.host}:${from.port}`;
}

class KvServer {
  readonly store: KvStore;
  readonly #host: Host;
  readonly #settings: KvServerSettings;
  #node: RaftNode | null = null;
  #socket: DatagramSocket<KvMessage> | null = null;
  /** Who waits for the entry at an index. */
  readonly #pending: Map<number, Pending> = new Map();
  /** The index at which a command waits, the latest one where it was proposed in several terms. */
  readonly #indexes: Map<string, number> = new Map();

  constructor(host: Host, settings: KvServerSettings) {
    this.#host = host;
    this.#settings = settings;
    this.store = new KvStore(settings, {
      onApplied: (entry, result) => this.#onApplied(entry, result),
      // Who waited for an entry that the snapshot skipped will ask again.
      onRestored: () => {
        this.#pending.clear();
        this.#indexes.clear();
      },
      mark: (name) => host.mark(name),
    });
  }

  serve(node: RaftNode, port: number): void {
    this.#node = node;
    this.#socket = this.#host.net.open<KvMessage>({
      port,
      codec: kvCodec,
      onMessage: (message, from) => {
        if (message.kind !== "reply") this.#onRequest(node, message, from);
      },
      sync: true,
    });
  }

  #onRequest(node: RaftNode, request: KvRequest, from: Address): void {
    if (request.kind === "get") this.#read(node, request, from);
    else if (request.kind === "transfer")
      this.#reply(from, request.request, node.transferLeadership(request.to) ? "ok" : "not-leader");
    else this.#propose(node, request, from);
  }

  #read(node: RaftNode, request: KvRequest & { readonly kind: "get" }, from: Address): void {
    const { key } = request;
    if (request.isStaleOk) {
      this.#reply(from, request.request, "ok", { value: this.store.get(key) });
      return;
    }
    if (!node.isLeader && !this.#settings.hasFollowerReads) {
      this.#reply(from, request.request, "not-leader");
      return;
    }
    node.read((isConfirmed) => {
      if (isConfirmed) this.#reply(from, request.request, "ok", { value: this.store.get(key) });
      else this.#reply(from, request.request, "retry");
    });
  }

  #propose(node: RaftNode, request: KvRequest & { readonly kind: "register" | "write" }, from: Address): void {
    const key = commandKey(request, from);
    if (this.#joinsPending(node, key, request.request, from)) return;
    if (this.#pending.size >= this.#settings.pendingMax) {
      this.#host.mark("kv.too-many-pending");
      this.#reply(from, request.request, "retry");
      return;
    }
    const proposedUs = Math.max(0, this.#host.clock.wallUs());
    const command =
      request.kind === "register"
        ? encodeCommand({ kind: "register", proposedUs })
        : encodeCommand({
            kind: "write",
            proposedUs,
            session: request.session,
            sequence: request.sequence,
            write: request.write,
          });
    const { term } = node;
    const index = node.propose(command);
    if (index === 0) this.#reply(from, request.request, "not-leader");
    else {
      this.#pending.set(index, { from, request: request.request, term, key });
      this.#indexes.set(key, index);
    }
  }

  /**
   * A retry of what already waits in this leader's log is answered by that entry. A second entry would do no harm, but clients that
   * retry faster than the log moves would fill it with repetitions and never be served again: an overload that feeds itself.
   */
  #joinsPending(node: RaftNode, key: string, request: number, from: Address): boolean {
    const index = this.#indexes.get(key);
    const pending = index === undefined ? undefined : this.#pending.get(index);
    if (index === undefined || pending === undefined) return false;
    // An entry of an earlier term may be lost without this server hearing of it.
    if (!node.isLeader || pending.term !== node.term) return false;
    this.#pending.set(index, { ...pending, from, request });
    this.#host.mark("kv.retry-joined");
    return true;
  }

  #onApplied(entry: Entry, result: CommandResult): void {
    const pending = this.#pending.get(entry.index);
    if (pending === undefined) return;
    this.#pending.delete(entry.index);
    if (this.#indexes.get(pending.key) === entry.index) this.#indexes.delete(pending.key);
    const { from, request } = pending;
    // Another leader's entry took the place: this server's was lost, and may not be answered by the other's result.
    if (pending.term !== entry.term) {
      this.#host.mark("kv.proposal-lost");
      this.#reply(from, request, "retry");
      return;
    }
    switch (result.status) {
      case "registered":
        this.#reply(from, request, "ok", { session: result.session });
        break;
      case "applied":
        this.#reply(from, request, "ok", { isSwapped: result.isSwapped });
        break;
      case "unknown-session":
      case "stale-sequence":
        this.#reply(from, request, result.status);
        break;
    }
  }

  #reply(
    to: Address,
    request: number,
    status: KvStatus,
    result: { readonly value?: string | null; readonly isSwapped?: boolean; readonly session?: number } = {},
  ): void {
    const { value = null, isSwapped = false, session = 0 } = result;
    const leader = this.#node?.leader ?? 0;
    const reply: KvReply = { kind: "reply", request, status, value, isSwapped, session, leader };
    this.#socket?.send(to, reply);
  }
}
