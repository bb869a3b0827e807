/** A small sound scenario with every field, and the paths of its fields: what the broken ones are made of. */
import { linearizable } from "../../scenarios/checks.ts";
import type { Scenario } from "../../scenarios/scenario.ts";
import { jsonCodec } from "../../systems/json-codec.ts";

type Message = { readonly type: string; readonly id: number; readonly value: number | null };

const TIMEOUT_US = 50_000;

export const SOUND: Scenario = {
  name: "sound",
  title: "a register in memory",
  settings: {
    nodes: { kind: "choice", of: [1], about: "nodes" },
    clients: { kind: "choice", of: [2], about: "clients" },
    chaosUs: { kind: "integer", min: 200_000, max: 200_000, about: "length" },
    latencyUs: { kind: "integer", min: 200, max: 400, isLogarithmic: true, about: "latency" },
    hasFaults: { kind: "boolean", truePerMillion: 900_000, about: "faults" },
  },
  node: () => (host) => {
    let value: number | null = null;
    const socket = host.net.open<Message>({
      port: 7,
      codec: jsonCodec<Message>(),
      onMessage: (message, from) => {
        if (message.type === "write") value = message.value;
        socket.send(from, { type: "answer", id: message.id, value });
      },
    });
  },
  client: (host) => {
    const waiting = new Map<number, (message: Message) => void>();
    let last = 0;
    const socket = host.net.open<Message>({
      port: 0,
      codec: jsonCodec<Message>(),
      onMessage: (message) => waiting.get(message.id)?.(message),
    });
    return {
      invoke: ({ f, value }) =>
        new Promise((resolve) => {
          const id = ++last;
          const timer = host.timers.after(TIMEOUT_US, () => resolve({ type: "info", error: "no answer" }));
          waiting.set(id, (message) => {
            timer.cancel();
            resolve(f === "read" ? { type: "ok", value: message.value } : { type: "ok" });
          });
          socket.send({ host: "n1", port: 7 }, { type: f, id, value: value as number | null });
        }),
    };
  },
  operations: () =>
    Array.from({ length: 12 }, (_, i) => ({
      process: i % 2,
      afterUs: 1_000,
      ...(i % 3 === 0 ? { f: "write", value: i } : { f: "read", value: null }),
    })),
  livenessOperations: (process) => [{ process, afterUs: 0, f: "read", value: null }],
  finalOperations: () => [{ process: 0, afterUs: 0, f: "read", value: null }],
  faults: {
    kinds: ["pause", "delay"],
    lastingHarmMax: () => 0,
    intensityPerMille: 1000,
    points: { message: ["read"] },
  },
  checks: [linearizable("register")],
  floors: { operationsMin: 1 },
  limits: { eventsMax: 20_000, livenessUsMax: 2_000_000, checkerStepsMax: 100_000 },
};

export const FIELDS: readonly string[] = [
  "name",
  "title",
  "default",
  "settings",
  "settings.nodes",
  "settings.nodes.kind",
  "settings.nodes.of",
  "settings.clients.of",
  "settings.chaosUs.min",
  "settings.chaosUs.max",
  "settings.latencyUs.isLogarithmic",
  "settings.hasFaults.truePerMillion",
  "settings.own",
  "node",
  "client",
  "operations",
  "livenessOperations",
  "finalOperations",
  "faults",
  "faults.kinds",
  "faults.kinds.0",
  "faults.lastingHarmMax",
  "faults.selfQuarantined",
  "faults.points",
  "faults.points.message",
  "faults.intensityPerMille",
  "targets",
  "watch",
  "checks",
  "checks.0",
  "checks.0.name",
  "checks.0.check",
  "plan",
  "floors",
  "floors.operationsMin",
  "limits",
  "limits.eventsMax",
  "limits.livenessUsMax",
  "limits.checkerStepsMax",
  "network",
  "disk",
  "groups",
  "specification",
  "uncaughtIsFailure",
];
