/** A register that reads from any replica: the first failure that a newcomer sees, and a canary for the tool. */
import { staleReadClient, staleReadReplica } from "../systems/lessons/stale-read.ts";
import { linearizable } from "./checks.ts";
import { type PlannedOperation, type Scenario, scenario } from "./scenario.ts";

export const lessonStaleRead: Scenario = scenario({
  name: "lesson-stale-read",
  title: "wrong on purpose: a register that reads from any replica",
  default: false,
  settings: {
    nodes: { kind: "choice", of: [3], about: "replicas" },
    clients: { kind: "integer", min: 2, max: 4, about: "client processes" },
    chaosUs: { kind: "integer", min: 1_000_000, max: 2_000_000, about: "length of the chaos phase" },
  },
  faults: { kinds: ["partition", "loss", "delay"], intensityPerMille: 6000 },
  node: (_name, { nodes }) => staleReadReplica(nodes),
  client: (host, { nodes }) => {
    const register = staleReadClient(host, nodes);
    return {
      invoke: async (operation) => {
        if (operation.f === "write") {
          const isWritten = await register.write(String(operation.value));
          return isWritten ? { type: "ok" } : { type: "info", error: "no answer" };
        }
        const value = await register.read();
        return value === undefined ? { type: "fail", error: "no answer" } : { type: "ok", value };
      },
    };
  },
  operations: (random, { clients }) => {
    const operations: PlannedOperation[] = [];
    for (let i = 0; i < 200; i++) {
      const isWrite = random.chance(400_000);
      const process = random.below(clients.length);
      operations.push({
        process,
        afterUs: random.between(1_000, 40_000),
        f: isWrite ? "write" : "read",
        value: isWrite ? `v${i}` : null,
      });
    }
    return operations;
  },
  finalOperations: ({ clients }) => clients.map((_, process) => ({ process, afterUs: 1_000, f: "read", value: null })),
  checks: [linearizable("register")],
  floors: { operationsMin: 10 },
});
