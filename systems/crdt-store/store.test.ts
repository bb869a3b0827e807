/** One store and one client in a simulated world: nothing is done twice, and a boot is never taken for another. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { ANSWER_PROPERTY, type StoreAnswer, StoreClient } from "./client.ts";
import { COUNTER_KINDS } from "./counters.ts";
import type { StoreCall, StoreContext, StoreKind } from "./kind.ts";
import { MAP_KINDS } from "./maps.ts";
import { storeCodec, type StoreMessage, type StoreReply, type StoreRequest } from "./protocol.ts";
import type { StoreOptions, StoreRecord } from "./server.ts";
import { KEYED_SET_KINDS, SET_KINDS } from "./sets.ts";

const OPTIONS: StoreOptions = {
  peers: [],
  replicaPort: 1,
  clientPort: 2,
  roundUs: 20_000,
  roundBytesMax: 1_000,
  journalBytesMax: 1_000,
  mode: "deltas",
  logCountMax: 10,
  holdBackCountMax: 10,
  trimming: null,
};
const INCREMENT = { f: "increment", key: null, value: 1 };

type Rig = { readonly control: Control; readonly client: () => StoreClient };

async function simulate(
  name: string,
  script: (rig: Rig) => Promise<void>,
  kind: StoreKind = COUNTER_KINDS["bounded-counter"]!,
): Promise<void> {
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: name, engine });
    control.addHost({ name: "n1", program: (host) => kind.start(host, OPTIONS) });
    let client: StoreClient | null = null;
    const ports = { storePort: 2, clientPort: 3 };
    control.addHost({
      name: "c1",
      program: (host) => {
        client = new StoreClient(host, { stores: ["n1"], ...ports, timeoutUs: 300_000 });
      },
    });
    control.boot("n1", true);
    control.boot("c1", true);
    await control.run(100_000);
    await script({ control, client: () => client! });
  });
}

/** Asks in an event of the client's host, and runs the world until it is answered. */
async function ask(control: Control, call: () => Promise<StoreAnswer>): Promise<StoreAnswer> {
  let answer: StoreAnswer | null = null;
  const { world } = control;
  const kind = { name: "test.ask", sync: false, run: (start: () => void) => start() };
  world.at(world.nowUs, control.host("c1").incarnation!, kind, () => {
    void call().then((found) => (answer = found));
  });
  await control.run(world.nowUs + 1_000_000);
  return answer!;
}

const shown = (answer: StoreAnswer): unknown => (answer.kind === "answer" ? answer.reply.value : answer.kind);

describe("a store", { timeout: 60_000 }, () => {
  it("does each request once, though every message arrives twice", () =>
    simulate("twice", async ({ control, client }) => {
      control.network.setLink("c1", "n1", { duplicatePerMillion: 1_000_000 });
      for (let i = 0; i < 5; i++) await ask(control, () => client().update("n1", INCREMENT, 0));
      expect(shown(await ask(control, () => client().read("n1")))).toBe(5);
    }));

  it("keeps what it had acknowledged, and does nothing for who means the boot before", () =>
    simulate("boot", async ({ control, client }) => {
      await ask(control, () => client().update("n1", INCREMENT, 0));
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(control.nowUs + 100_000);
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "moved" });
      const answer = await ask(control, () => client().update("n1", INCREMENT, 0));
      expect(answer).toMatchObject({ kind: "answer", reply: { id: ["n1#2", 1], held: { "n1#1": 1 } } });
      expect(shown(await ask(control, () => client().read("n1")))).toBe(2);
    }));

  it("is not asked twice for an update whose first copy it may have done in the boot before", () =>
    simulate("copies/1", async ({ control, client }) => {
      const latency = { shape: "uniform", minUs: 100, meanUs: 50_000 } as const;
      control.network.setLink("c1", "n1", { duplicatePerMillion: 1_000_000, latency });
      // The store ends between doing the first copy and answering; the second copy finds its next boot.
      let acknowledged = 0;
      control.world.onObservation("crdt-store", (_host, _incarnation, data) => {
        if ((data as StoreRecord).kind !== "acknowledged") return;
        acknowledged += 1;
        control.kill("n1");
        control.after(1_000, () => control.boot("n1"));
      });
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "moved" });
      expect([acknowledged, shown(await ask(control, () => client().read("n1")))]).toEqual([1, 1]);
    }));

  it("is asked again for a read after a boot that the client did not know of", () =>
    simulate("read", async ({ control, client }) => {
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(control.nowUs + 100_000);
      expect(await ask(control, () => client().read("n1"))).toMatchObject({ kind: "answer", reply: { boot: 2 } });
    }));

  it("refuses what the type refuses, and says nothing when it is gone", () =>
    simulate("refused", async ({ control, client }) => {
      const decrement = { f: "decrement", key: null, value: 1 };
      const refused = await ask(control, () => client().update("n1", decrement, 0));
      expect(refused).toEqual({ kind: "refused", error: "insufficient-rights" });
      control.kill("n1");
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "silence" });
    }));
});

type Step = readonly [f: string, key: string | null, value: string | readonly [string, string] | null, at?: "of-read"];

/** Asks the steps in turn; "read" keeps the context for those that are of what was read. Returns what the last read shows. */
async function play(kind: StoreKind, steps: readonly Step[]): Promise<unknown> {
  let shows: unknown = null;
  await simulate(
    `contexts/${JSON.stringify(steps)}`,
    async ({ control, client }) => {
      let context: StoreContext | null = null;
      for (const [f, key, value, about] of steps) {
        if (f === "read") {
          const answer = await ask(control, () => client().read("n1"));
          const { reply } = answer as StoreAnswer & { readonly kind: "answer" };
          context = { held: reply.held!, clock: reply.context! };
          shows = reply.value;
          continue;
        }
        const call: StoreCall = { f, key, value, ...(about === undefined ? {} : { context: context! }) };
        expect(await ask(control, () => client().update("n1", call, 0))).toMatchObject({ kind: "answer" });
      }
      shows = shown(await ask(control, () => client().read("n1")));
    },
    kind,
  );
  return shows;
}

describe("a call about what was read", { timeout: 60_000 }, () => {
  const read: Step = ["read", null, null];
  const cases: readonly (readonly [string, StoreKind, readonly Step[], unknown])[] = [
    [
      "removes the add that was read",
      SET_KINDS["or-set"]!,
      [["add", "x", null], read, ["remove", "x", null, "of-read"]],
      [],
    ],
    [
      "leaves an add that came in between",
      SET_KINDS["or-set"]!,
      [["add", "x", null], read, ["add", "x", null], ["remove", "x", null, "of-read"]],
      ["x"],
    ],
    [
      "removes nothing where nothing was read",
      SET_KINDS["or-set"]!,
      [read, ["add", "x", null], ["remove", "x", null, "of-read"]],
      ["x"],
    ],
    [
      "leaves a write that came in between beside it",
      SET_KINDS["mv-register"]!,
      [["put", null, "a"], read, ["put", null, "b"], ["put", null, "c", "of-read"]],
      ["b", "c"],
    ],
    [
      "leaves siblings of one server",
      SET_KINDS["dvv-set"]!,
      [["put", null, "a"], read, ["put", null, "b", "of-read"], ["put", null, "c", "of-read"]],
      ["b", "c"],
    ],
    [
      "disables only what was read",
      SET_KINDS["enable-wins-flag"]!,
      [["enable", null, null], read, ["enable", null, null], ["disable", null, null, "of-read"]],
      true,
    ],
    [
      "removes from the object whose key it names",
      KEYED_SET_KINDS["keyed-sets"]!,
      [
        ["add", "k", "x"],
        read,
        ["add", "k", "x"],
        ["add", "l", "y"],
        ["remove", "k", "x", "of-read"],
        ["remove", "l", "y", "of-read"],
      ],
      [
        ["k", ["x"]],
        ["l", ["y"]],
      ],
    ],
    [
      "removes from an object by key what was read of it",
      KEYED_SET_KINDS["keyed-sets"]!,
      [
        ["add", "k", "x"],
        ["add", "l", "x"],
        read,
        ["add", "l", "x"],
        ["remove", "k", "x", "of-read"],
        ["remove", "l", "x", "of-read"],
      ],
      [
        ["k", []],
        ["l", ["x"]],
      ],
    ],
    [
      "removes a member inside a map that was read",
      MAP_KINDS["map-of-sets"]!,
      [["add", "k", "x"], ["add", "k", "y"], read, ["remove", "k", "x", "of-read"]],
      [["k", ["y"]]],
    ],
    [
      "deletes a key but what came in between",
      MAP_KINDS["map-of-sets"]!,
      [
        ["add", "k", "x"],
        ["add", "l", "z"],
        read,
        ["add", "k", "y"],
        ["delete", "k", null, "of-read"],
        ["delete", "l", null, "of-read"],
      ],
      [["k", ["y"]]],
    ],
    [
      "writes a register of a map over what was read",
      MAP_KINDS["map-of-registers"]!,
      [["put", "k", "a"], read, ["put", "k", "b"], ["put", "k", "c", "of-read"]],
      [["k", ["b", "c"]]],
    ],
    [
      "drops inside a map of maps what was read",
      MAP_KINDS["map-of-maps"]!,
      [["add", "k", ["j", "x"]], read, ["add", "k", ["j", "y"]], ["drop", "k", ["j", "x"], "of-read"]],
      [["k", [["j", ["y"]]]]],
    ],
  ];
  it.each(cases)("%s", async (_claim, kind, steps, expected) => {
    expect(await play(kind, steps)).toEqual(expected);
  });

  it("is refused where reads have no context", () =>
    simulate("no-context", async ({ control, client }) => {
      const call = { ...INCREMENT, context: { held: {}, clock: {} } };
      const answer = await ask(control, () => client().update("n1", call, 0));
      expect(answer).toEqual({ kind: "refused", error: "foreign-context" });
    }));
});

/** A store that answers each request in the way that is given. */
function impostor(answerTo: (request: StoreRequest) => Partial<StoreReply>): StoreKind {
  return {
    start: async (host, { clientPort }) => {
      const socket = host.net.open<StoreMessage>({
        port: clientPort,
        codec: storeCodec,
        onMessage: (message, from) => {
          const request = message as StoreRequest;
          const { client, request: number } = request;
          const reply = {
            type: "done",
            request: number,
            client,
            boot: 1,
            command: `${client}/${number}`,
            held: {},
          } as const;
          socket.send(from, { ...reply, ...answerTo(request) });
        },
      });
    },
  };
}

describe("an answer", { timeout: 60_000 }, () => {
  const violationsOf = ({ control }: Rig): readonly string[] =>
    control.world.properties.violations.map(({ property }) => property);

  it("names the command whose result it gives, of reads, updates and refusals", () =>
    simulate("named", async (rig) => {
      const { control, client } = rig;
      const decrement = { f: "decrement", key: null, value: 1 };
      for (const call of [INCREMENT, decrement, decrement]) await ask(control, () => client().update("n1", call, 0));
      const last = await ask(control, () => client().read("n1"));
      expect(last).toMatchObject({ kind: "answer", reply: { client: "c1#1", command: "c1#1/4" } });
      expect(violationsOf(rig)).toEqual([]);
    }));

  it.each(["update", "read"] as const)("of another's command fails the run (%s)", (type) =>
    simulate(
      `misgiven/${type}`,
      async (rig) => {
        const { control, client } = rig;
        await ask(control, () => (type === "read" ? client().read("n1") : client().update("n1", INCREMENT, 0)));
        expect(violationsOf(rig)).toEqual([ANSWER_PROPERTY]);
      },
      impostor(() => ({ command: "c2#1/1" })),
    ),
  );

  it("to the boot of the client before is for nobody", () =>
    simulate(
      "stale",
      async (rig) => {
        const { control, client } = rig;
        expect(await ask(control, () => client().read("n1"))).toEqual({ kind: "silence" });
        expect(violationsOf(rig)).toEqual([]);
      },
      impostor(() => ({ client: "c1#0" })),
    ));

  it("comes to a client that has booted again, whose requests have the same numbers", () =>
    simulate("again", async ({ control, client }) => {
      await ask(control, () => client().update("n1", INCREMENT, 0));
      control.restart("c1");
      await control.run(control.nowUs + 100_000);
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toMatchObject({ kind: "answer" });
      expect(shown(await ask(control, () => client().read("n1")))).toBe(2);
    }));
});
