/**
 * The data plane of one node: packets of clients to backends and back.
 *
 * A new connection gets a backend by the choice in choice.ts, among those that take connections and whose agents are in reach, or among all
 * if none is. Everything here happens within the event of a packet or of a timer, so that tables and counts never disagree.
 */
import type { Address, DatagramSocket, Host, Timer } from "../../sim/host.ts";
import { admits } from "./breaker.ts";
import { choose } from "./choice.ts";
import { type Attempt, type Conclusion, type Connection, ConnectionTable, type History } from "./connections.ts";
import { costQ8At, scoreOf } from "./ewma.ts";
import type {
  AttemptRecord,
  CandidateRecord,
  ChoiceRecord,
  ForgotRecord,
  Origin,
  PacketRecord,
} from "./observation.ts";
import type { BalancerOptions } from "./options.ts";
import { PACKET_CODEC, type Packet, type Refusal } from "./packet.ts";
import { endpointText, type Tables } from "./tables.ts";
import { type Backend, backendKey } from "./vip.ts";

type FromClient = Extract<Packet, { readonly type: "open" | "send" | "end" }>;
type FromBackend = Extract<Packet, { readonly type: "syn-ack" | "answer" | "reset" }>;

export type ForwarderParts = {
  readonly host: Host;
  readonly options: BalancerOptions;
  readonly tables: Tables;
  /** Whether the membership of this node reaches an agent. */
  readonly isReachable: (agent: string) => boolean;
  /** Where the node of a backend takes its packets. */
  readonly addressOf: (backend: Backend) => Address;
};

export class Forwarder {
  readonly #parts: ForwarderParts;
  readonly #host: Host;
  readonly #options: BalancerOptions;
  readonly #connections: ConnectionTable;
  readonly #socket: DatagramSocket<Packet>;
  #sweep: { readonly atUs: number; readonly timer: Timer } | null = null;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#host = parts.host;
    this.#options = parts.options;
    this.#connections = new ConnectionTable(parts.options);
    this.#socket = parts.host.net.open<Packet>({
      port: parts.options.port,
      codec: PACKET_CODEC,
      onMessage: (packet, from) => this.#take(packet, from),
      sync: true,
    });
  }

  /** Drops what is known of backends that are in no service and have no connection. */
  forgetBackends(): void {
    const kept = new Set<string>();
    for (const backend of this.#parts.tables.backends()) kept.add(backendKey(backend));
    for (const backend of this.#connections.forgetBackends((key) => kept.has(key))) {
      this.#host.observe("balancer.forgot", (): ForgotRecord => ({ ...this.#origin(), backend }));
    }
  }

  #take(packet: Packet, from: Address): void {
    switch (packet.type) {
      case "resolve": {
        const address = this.#parts.tables.addressOf(packet.name) ?? "";
        this.#socket.send(from, { type: "resolved", source: packet.source, name: packet.name, address });
        return;
      }
      case "open":
      case "send":
      case "end":
        this.#fromClient(packet, from);
        break;
      case "syn-ack":
      case "answer":
      case "reset":
        this.#fromBackend(packet, from);
        break;
      default:
        return;
    }
    this.#armSweep();
  }

  #fromClient(packet: FromClient, from: Address): void {
    const endpoint = endpointText({ protocol: packet.protocol, host: packet.address, port: packet.port });
    const flow = `${from.host}:${from.port}:${packet.source}>${endpoint}`;
    const known = this.#connections.byFlow(flow);
    if (known !== null) {
      this.#forward(known, packet);
      return;
    }
    if (packet.type === "end") return;
    if (packet.type === "send" && packet.protocol === "tcp") {
      this.#refuse(from, packet.source, "unknown-connection");
      return;
    }
    const opened = this.#open(flow, endpoint, { ...from, source: packet.source });
    if (typeof opened === "string") this.#refuse(from, packet.source, opened);
    else this.#forward(opened, packet);
  }

  #open(flow: string, endpoint: string, client: Connection["client"]): Connection | Refusal {
    const vip = this.#parts.tables.routeOf(endpoint);
    if (vip === null) return "no-route";
    const service = this.#parts.tables.service(vip);
    if (service === null) return "no-service";
    if (this.#connections.size >= this.#options.connectionsMax) {
      this.#host.mark("balancer.connections-full");
      return "full";
    }
    const nowUs = this.#host.clock.monotonicUs();
    const candidates = this.#candidatesOf(service.backends);
    const choice = choose(this.#viewOf(candidates, nowUs), (bound) => this.#host.random.below(bound), this.#options);
    if (choice === null) return "no-backend";
    const backend = candidates[choice.index]!;
    const other = choice.other === null ? null : candidates[choice.other]!;
    const seen = {
      chosen: this.#recordOf(backend, nowUs),
      other: other === null ? null : this.#recordOf(other, nowUs),
    };
    const connection = this.#connections.open({ flow, client, vip, backend }, nowUs);
    this.#host.observe(
      "balancer.choice",
      (): ChoiceRecord => ({
        ...this.#origin(),
        atUs: nowUs,
        connection: connection.id,
        flow,
        vip,
        ...seen,
        candidateClass: choice.candidateClass,
        candidates: candidates.length,
        pool: choice.pool,
      }),
    );
    return connection;
  }

  /** Those that take new connections, without the ones whose agent is out of reach unless nothing would be left. */
  #candidatesOf(backends: readonly Backend[]): readonly Backend[] {
    const taking = backends.filter(({ weight }) => weight > 0);
    const inReach = taking.filter(({ agent }) => this.#parts.isReachable(agent));
    return inReach.length > 0 ? inReach : taking;
  }

  #viewOf(candidates: readonly Backend[], nowUs: number): Parameters<typeof choose>[0] {
    const history = (index: number): History => this.#historyOf(candidates[index]!);
    return {
      count: candidates.length,
      classOf: (index) => {
        if (!admits(history(index).breaker, nowUs, this.#options)) return 2;
        return this.#parts.isReachable(candidates[index]!.agent) ? 0 : 1;
      },
      scoreOf: (index) => {
        const { ewma, pending } = history(index);
        return scoreOf(costQ8At(ewma, nowUs, this.#options.decayUs), pending);
      },
      weightOf: (index) => candidates[index]!.weight,
    };
  }

  /** Under the name that connections count under: one by any other is never found again (dcos/minuteman 46d6d06). */
  #historyOf(backend: Backend): History {
    return this.#connections.historyOf(backendKey(backend));
  }

  #recordOf(backend: Backend, nowUs: number): CandidateRecord {
    const { ewma, pending } = this.#historyOf(backend);
    const costQ8 = costQ8At(ewma, nowUs, this.#options.decayUs);
    return { backend: backendKey(backend), costQ8, pending, score: scoreOf(costQ8, pending), weight: backend.weight };
  }

  /** A packet of a client's connection goes to the backend that it has. */
  #forward(connection: Connection, packet: FromClient): void {
    const nowUs = this.#host.clock.monotonicUs();
    this.#connections.touch(connection.id, nowUs);
    const to = this.#parts.addressOf(connection.backend);
    const names = {
      boot: this.#host.boot.incarnation,
      connection: connection.id,
      protocol: packet.protocol,
      port: connection.backend.port,
    };
    this.#host.observe(
      "balancer.packet",
      (): PacketRecord => ({
        ...this.#origin(),
        connection: connection.id,
        backend: `${connection.backend.agent}/${to.host}:${names.port}`,
      }),
    );
    if (packet.type === "open") {
      this.#begin(connection, { waitsFor: "accept", request: 0 }, nowUs);
      this.#socket.send(to, { type: "syn", ...names });
    } else if (packet.type === "send") {
      const { request, payload } = packet;
      this.#begin(connection, { waitsFor: "reply", request }, nowUs);
      this.#socket.send(to, { type: "ask", ...names, request, payload });
    } else {
      this.#socket.send(to, { type: "fin", ...names });
      this.#forget(connection, nowUs);
    }
  }

  #fromBackend(packet: FromBackend, from: Address): void {
    const connection = packet.boot === this.#host.boot.incarnation ? this.#connections.byId(packet.connection) : null;
    // For a connection that is gone here, or of an earlier boot.
    if (connection === null) {
      this.#host.mark("balancer.stray-answer");
      return;
    }
    // Only its own backend speaks for a connection.
    if (from.host !== this.#parts.addressOf(connection.backend).host) return;
    const nowUs = this.#host.clock.monotonicUs();
    this.#connections.touch(connection.id, nowUs);
    const { source, ...client } = connection.client;
    const via = `${this.#host.name}/${packet.boot}/${connection.id}`;
    if (packet.type === "syn-ack") {
      this.#conclude(connection, { waitsFor: "accept", request: 0 }, "success", nowUs);
      this.#socket.send(client, { type: "accept", source, via });
    } else if (packet.type === "answer") {
      this.#onAnswer(connection, packet.request, nowUs);
      const { request, server, payload } = packet;
      this.#socket.send(client, { type: "reply", source, request, server, payload, via });
    } else {
      if (connection.attempt !== null) this.#conclude(connection, connection.attempt, "failure", nowUs);
      this.#forget(connection, nowUs);
      this.#refuse(client, source, "reset");
    }
  }

  /** A second answer to an earlier request says nothing about the one under way. */
  #onAnswer(connection: Connection, request: number, nowUs: number): void {
    if (connection.attempt?.waitsFor === "reply" && connection.attempt.request !== request) {
      this.#host.mark("balancer.answer-late");
      return;
    }
    this.#conclude(connection, { waitsFor: "reply", request }, "success", nowUs);
  }

  #refuse(client: Address, source: number, reason: Refusal): void {
    this.#host.mark(`balancer.refused-${reason}`);
    this.#socket.send(client, { type: "refuse", source, reason });
  }

  #begin(connection: Connection, attempt: Omit<Attempt, "sinceUs">, nowUs: number): void {
    if (this.#connections.begin(connection.id, attempt, nowUs))
      this.#observeAttempt(connection, { kind: "begin", ...attempt, tookUs: 0, atUs: nowUs });
  }

  /** What ended: the attempt under way, or what an answer says that it answers. */
  #conclude(
    connection: Connection,
    { waitsFor, request }: Omit<Attempt, "sinceUs">,
    conclusion: Conclusion,
    nowUs: number,
  ): void {
    const tookUs = nowUs - (connection.attempt?.sinceUs ?? nowUs);
    if (this.#connections.conclude(connection.id, waitsFor, conclusion, nowUs)) {
      this.#observeAttempt(connection, { kind: conclusion, waitsFor, request, tookUs, atUs: nowUs });
    }
  }

  #forget(connection: Connection, nowUs: number): void {
    if (connection.attempt !== null) this.#conclude(connection, connection.attempt, "abandoned", nowUs);
    this.#connections.forget(connection.id, nowUs);
    this.#observeAttempt(connection, { kind: "forget", waitsFor: null, request: null, tookUs: 0, atUs: nowUs });
  }

  #observeAttempt(
    connection: Connection,
    what: Pick<AttemptRecord, "kind" | "waitsFor" | "request" | "tookUs" | "atUs">,
  ): void {
    this.#host.observe("balancer.attempt", (): AttemptRecord => {
      const backend = backendKey(connection.backend);
      const { pending } = this.#connections.historyOf(backend);
      return { ...this.#origin(), ...what, connection: connection.id, backend, pending };
    });
  }

  /** One timer, for the next attempt that is overdue or connection that is idle. */
  #armSweep(): void {
    const deadlineUs = this.#connections.nextDeadlineUs();
    if (deadlineUs === null || (this.#sweep !== null && this.#sweep.atUs <= deadlineUs)) return;
    this.#sweep?.timer.cancel();
    const delayUs = Math.max(1, deadlineUs - this.#host.clock.monotonicUs());
    const timer = this.#host.timers.after(delayUs, () => this.#onSweep(), { sync: true });
    this.#sweep = { atUs: deadlineUs, timer };
  }

  #onSweep(): void {
    this.#sweep = null;
    const nowUs = this.#host.clock.monotonicUs();
    for (const connection of this.#connections.overdue(nowUs)) {
      this.#host.mark("balancer.attempt-overdue");
      this.#conclude(connection, connection.attempt!, "failure", nowUs);
    }
    for (const connection of this.#connections.idle(nowUs)) {
      this.#host.mark("balancer.connection-idle");
      this.#forget(connection, nowUs);
    }
    this.#armSweep();
  }

  #origin(): Origin {
    return { host: this.#host.name, incarnation: this.#host.boot.incarnation };
  }
}
