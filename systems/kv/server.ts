/**
 * A server of the store: one member of the Raft group, and a port for clients.
 *
 * Writes go through the log and are answered when applied. Reads are linearizable by ReadIndex (Raft thesis, section 6.4),
 * each attempt with an index of its own, or stale where the client says so.
 *
 * Observations: "kv.applied" for each entry with a command, in the shape that checkers/kv-store-monitor.ts defines; "kv.transfer" {term, to} when
 * this server agreed to hand over its lead.
 */
import type { Address, DatagramSocket, Host, Program } from "../../sim/host.ts";
import type { Entry, NodeId } from "../raft/message.ts";
import { type RaftNode, startRaftNode } from "../raft/node.ts";
import { type Command, encodeCommand } from "./command.ts";
import type { KvServerSettings } from "./options.ts";
import {
  clientName,
  type KvMessage,
  type KvReply,
  type KvRequest,
  type KvStatus,
  type KvSubject,
  kvCodec,
  subjectKey,
  subjectOf,
} from "./protocol.ts";
import { type CommandResult, KvStore } from "./store.ts";
import { type Waiting, WaitingClients } from "./waiting.ts";

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

class KvServer {
  readonly store: KvStore;
  readonly #host: Host;
  readonly #settings: KvServerSettings;
  #node: RaftNode | null = null;
  #socket: DatagramSocket<KvMessage> | null = null;
  readonly #waiting = new WaitingClients();

  constructor(host: Host, settings: KvServerSettings) {
    this.#host = host;
    this.#settings = settings;
    this.store = new KvStore(settings, {
      onApplied: (entry, result, command) => {
        host.observe("kv.applied", () => ({ host: host.name, index: entry.index, command, result }));
        this.#onApplied(entry, result, command);
      },
      // Who waited for an entry that the snapshot skipped will ask again.
      onRestored: () => this.#waiting.clear(),
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
    else if (request.kind === "transfer") {
      const isStarted = node.transferLeadership(request.to);
      if (isStarted) this.#host.observe("kv.transfer", () => ({ term: node.term, to: request.to }));
      this.#reply(from, request.request, isStarted ? "ok" : "not-leader", { subject: subjectOf(request, from) });
    } else this.#propose(node, request, from);
  }

  #read(node: RaftNode, request: KvRequest & { readonly kind: "get" }, from: Address): void {
    const { key, request: attempt } = request;
    if (request.isStaleOk) {
      this.#reply(from, attempt, "ok", this.#find(key));
      return;
    }
    if (!node.isLeader && !this.#settings.hasFollowerReads) {
      this.#reply(from, attempt, "not-leader");
      return;
    }
    node.read((isConfirmed) => {
      if (isConfirmed) this.#reply(from, attempt, "ok", this.#find(key));
      else this.#reply(from, attempt, "retry");
    });
  }

  #find(key: string): { readonly subject: KvSubject; readonly value: string | null } {
    return { subject: { kind: "get", key }, value: this.store.get(key) };
  }

  #propose(node: RaftNode, request: KvRequest & { readonly kind: "register" | "write" }, from: Address): void {
    const command = subjectKey(subjectOf(request, from));
    // An entry of an earlier term may be lost without this server hearing of it.
    if (node.isLeader && this.#waiting.join({ command, term: node.term, from, request: request.request })) {
      this.#host.mark("kv.retry-joined");
      return;
    }
    if (this.#waiting.size >= this.#settings.pendingMax) {
      this.#host.mark("kv.too-many-pending");
      this.#reply(from, request.request, "retry");
      return;
    }
    const { term } = node;
    const index = node.propose(this.#encode(request, from));
    if (index === 0) this.#reply(from, request.request, "not-leader");
    else this.#releaseLost(this.#waiting.add(index, { command, term, from, request: request.request }));
  }

  #encode(request: KvRequest & { readonly kind: "register" | "write" }, from: Address): Uint8Array {
    const proposedUs = Math.max(0, this.#host.clock.wallUs());
    if (request.kind === "register") {
      const { registration } = request;
      return encodeCommand({ kind: "register", proposedUs, client: clientName(from), registration });
    }
    const { session, sequence, write } = request;
    return encodeCommand({ kind: "write", proposedUs, session, sequence, write });
  }

  #onApplied(entry: Entry, result: CommandResult, command: Command): void {
    const { answered, lost } = this.#waiting.applied(entry.index, entry.term);
    this.#releaseLost(lost);
    if (answered === null) return;
    const { from, request } = answered;
    const subject = subjectOfCommand(command);
    switch (result.status) {
      case "registered":
        this.#reply(from, request, "ok", { subject, session: result.session });
        break;
      case "applied":
        this.#reply(from, request, "ok", { subject, isSwapped: result.isSwapped });
        break;
      case "unknown-session":
      case "stale-sequence":
        this.#reply(from, request, result.status, { subject });
        break;
    }
  }

  /** Other entries took the place of theirs: they may not be answered by the others' results. */
  #releaseLost(lost: readonly Waiting[]): void {
    for (const { from, request } of lost) {
      this.#host.mark("kv.proposal-lost");
      this.#reply(from, request, "retry");
    }
  }

  #reply(
    to: Address,
    request: number,
    status: KvStatus,
    result: Partial<Pick<KvReply, "subject" | "value" | "isSwapped" | "session">> = {},
  ): void {
    const { subject = null, value = null, isSwapped = false, session = 0 } = result;
    const leader = this.#node?.leader ?? 0;
    const reply: KvReply = { kind: "reply", request, status, subject, value, isSwapped, session, leader };
    this.#socket?.send(to, reply);
  }
}

function subjectOfCommand(command: Command): KvSubject {
  if (command.kind === "register") {
    const { client, registration } = command;
    return { kind: "register", client, registration };
  }
  return { kind: "write", session: command.session, sequence: command.sequence };
}
