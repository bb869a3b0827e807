/**
 * A node's agent for scenarios: it runs tasks, answers for them as backends, and tells the publisher about them.
 *
 * Tasks can be slow, mute (they accept and never answer), draining or gone; what a reboot leaves of them is what the node always runs.
 * A task serves one request after the other. Everything here stands for the container runtime and the processes in it.
 */
import type { Address, DatagramSocket, Host } from "../../../sim/host.ts";
import type { TaskRecord } from "../observation.ts";
import { PACKET_CODEC, type Packet } from "../packet.ts";
import { isTerminal, type Task, type TaskPort, type TaskSource, type TaskState } from "../tasks.ts";

export type TaskSpec = {
  readonly name: string;
  readonly framework: string;
  readonly port: TaskPort;
  /** Time that one request takes. */
  readonly serviceUs: number;
};

export type AgentOptions = {
  readonly port: number;
  /** Tasks that every boot of this node runs. */
  readonly tasks: readonly TaskSpec[];
  /** From the launch of a task to its first answer. */
  readonly startUs: number;
  /** Work that may wait at a task; more is dropped. */
  readonly backlogUsMax: number;
  /** Ended tasks that are still reported, the latest ones. */
  readonly endedMax: number;
};

export type Command =
  | { readonly action: "launch"; readonly spec: TaskSpec }
  | { readonly action: "end"; readonly state: TaskState }
  /** Serves for a while with no new connections wanted, then ends. */
  | { readonly action: "drain"; readonly forUs: number }
  | { readonly action: "slow"; readonly factor: number }
  | { readonly action: "mute" }
  | { readonly action: "well" };

type Running = {
  readonly id: string;
  readonly spec: TaskSpec;
  state: TaskState;
  factor: number;
  isMute: boolean;
  busyUntilUs: number;
  readonly connections: Map<string, Seen>;
};

/** The latest request that was taken of a connection, and whether it was answered. */
type Seen = { request: number; payload: string; isAnswered: boolean };

type FromBalancer = Extract<Packet, { readonly type: "syn" | "ask" | "fin" }>;

const CONNECTIONS_MAX = 10_000;

export class TaskAgent implements TaskSource {
  readonly #host: Host;
  readonly #options: AgentOptions;
  readonly #socket: DatagramSocket<Packet>;
  readonly #running: Map<string, Running> = new Map();
  readonly #ended: Running[] = [];

  constructor(host: Host, options: AgentOptions) {
    this.#host = host;
    this.#options = options;
    this.#socket = host.net.open<Packet>({
      port: options.port,
      codec: PACKET_CODEC,
      onMessage: (packet, from) => this.#take(packet, from),
      sync: true,
    });
    for (const spec of options.tasks) this.#launch(`${spec.name}.${host.boot.incarnation}`, spec);
  }

  async poll(): Promise<readonly Task[]> {
    if (this.#host.buggify("balancer.agent-silent")) throw new Error("the agent does not answer");
    return [...this.#running.values(), ...this.#ended].map((task) => this.#reportOf(task));
  }

  #reportOf({ id, spec, state }: Running): Task {
    return { id, framework: spec.framework, state, address: this.#host.name, ports: [spec.port] };
  }

  #take(packet: Packet, from: Address): void {
    if (packet.type === "command") {
      const result = this.#command(packet.task, JSON.parse(packet.argument) as Command);
      const { source, task, action } = packet;
      this.#socket.send(from, { type: "done", source, task, action, result });
    } else if (packet.type === "syn" || packet.type === "ask" || packet.type === "fin") this.#serve(packet, from);
  }

  #serve(packet: FromBalancer, from: Address): void {
    const task = [...this.#running.values()].find(
      ({ spec, state }) =>
        spec.port.port === packet.port && spec.port.protocol === packet.protocol && state !== "TASK_STAGING",
    );
    const { boot, connection } = packet;
    const name = `${from.host}/${boot}/${connection}`;
    if (packet.type === "fin") {
      task?.connections.delete(name);
      return;
    }
    // A port without a process, or one that began after the connection did: the kernel says so.
    if (task === undefined || (packet.type === "ask" && packet.protocol === "tcp" && !task.connections.has(name))) {
      this.#socket.send(from, { type: "reset", boot, connection });
      return;
    }
    if (packet.type === "ask") {
      this.#answer(task, name, packet, from);
      return;
    }
    track(task, name);
    this.#socket.send(from, { type: "syn-ack", boot, connection });
  }

  #answer(task: Running, name: string, packet: Extract<Packet, { readonly type: "ask" }>, from: Address): void {
    if (task.isMute) return;
    const seen = track(task, name);
    const nowUs = this.#host.clock.monotonicUs();
    const { boot, connection, request } = packet;
    const server = `${task.id}@${this.#host.name}`;
    // Of the request that was served, whoever asks again for it.
    const answer = (payload: string): void =>
      this.#socket.send(from, { type: "answer", boot, connection, request, server, payload });
    if (seen.request === request) {
      if (seen.isAnswered) answer(seen.payload);
      return;
    }
    const beginUs = Math.max(nowUs, task.busyUntilUs);
    if (beginUs - nowUs > this.#options.backlogUsMax) {
      this.#host.mark("balancer.backlog-full");
      return;
    }
    seen.request = request;
    seen.payload = packet.payload;
    seen.isAnswered = false;
    task.busyUntilUs = beginUs + task.spec.serviceUs * task.factor;
    this.#host.timers.after(
      task.busyUntilUs - nowUs,
      () => {
        if (isTerminal(task.state) || task.isMute) return;
        if (seen.request === request) seen.isAnswered = true;
        answer(packet.payload);
      },
      { sync: true },
    );
  }

  /** Commands may come twice: each says what shall be, and is done when it is. A task is meant by its id, or by its name. */
  #command(id: string, command: Command): string {
    const task = this.#running.get(id) ?? [...this.#running.values()].find(({ spec }) => spec.name === id);
    if (command.action === "launch") return task === undefined ? this.#launch(id, command.spec) : "done";
    if (task === undefined) return "no-such-task";
    switch (command.action) {
      case "end":
        this.#end(task, command.state);
        break;
      case "drain":
        if (task.state === "TASK_RUNNING") this.#drain(task, command.forUs);
        break;
      case "slow":
        task.factor = command.factor;
        break;
      case "mute":
        task.isMute = true;
        break;
      case "well":
        task.isMute = false;
        task.factor = 1;
    }
    return "done";
  }

  #launch(id: string, spec: TaskSpec): string {
    const holder = [...this.#running.values()].find(
      (other) => other.spec.port.port === spec.port.port && other.spec.port.protocol === spec.port.protocol,
    );
    if (holder !== undefined) return "port-in-use";
    const task: Running = {
      id,
      spec,
      state: "TASK_STAGING",
      factor: 1,
      isMute: false,
      busyUntilUs: 0,
      connections: new Map(),
    };
    this.#running.set(id, task);
    this.#observe(task);
    this.#host.timers.after(this.#options.startUs, () => {
      if (task.state === "TASK_STAGING") this.#setState(task, "TASK_RUNNING");
    });
    return "done";
  }

  #drain(task: Running, forUs: number): void {
    this.#setState(task, "TASK_KILLING");
    this.#host.timers.after(forUs, () => {
      if (task.state === "TASK_KILLING") this.#end(task, "TASK_KILLED");
    });
  }

  #end(task: Running, state: TaskState): void {
    this.#running.delete(task.id);
    task.connections.clear();
    this.#ended.push(task);
    if (this.#ended.length > this.#options.endedMax) this.#ended.shift();
    this.#setState(task, state);
  }

  #setState(task: Running, state: TaskState): void {
    task.state = state;
    this.#observe(task);
  }

  #observe(task: Running): void {
    this.#host.observe("balancer.task", (): TaskRecord => {
      const { name, boot } = this.#host;
      const { protocol, port, labels, weight } = task.spec.port;
      return {
        host: name,
        incarnation: boot.incarnation,
        task: task.id,
        state: task.state,
        isServing: task.state === "TASK_RUNNING" || task.state === "TASK_KILLING",
        backend: `${name}/${name}:${port}`,
        protocol,
        framework: task.spec.framework,
        labels,
        weight: task.state === "TASK_KILLING" ? 0 : weight,
      };
    });
  }
}

function track(task: Running, name: string): Seen {
  let seen = task.connections.get(name);
  if (seen === undefined) {
    seen = { request: -1, payload: "", isAnswered: false };
    task.connections.set(name, seen);
    // Connections whose end got lost.
    if (task.connections.size > CONNECTIONS_MAX)
      for (const oldest of task.connections.keys()) {
        task.connections.delete(oldest);
        break;
      }
  }
  return seen;
}
