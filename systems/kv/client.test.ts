import { expect, test } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { ANSWER_PROPERTY, createKvClient } from "./client.ts";
import type { Outcome } from "./operation.ts";
import { KV_CLIENT_DEFAULTS } from "./options.ts";
import { type KvMessage, type KvReply, kvCodec, subjectOf } from "./protocol.ts";

/** A client puts a value at a server that changes its right answers by `lie`: what it was told, and what was violated. */
async function putAt(lie: (reply: KvReply) => KvReply): Promise<{ outcome: Outcome | null; violated: string[] }> {
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "lie", engine });
    let outcome: Outcome | null = null;
    control.addHost({
      name: "n1",
      program: (host) => {
        const socket = host.net.open<KvMessage>({
          port: 7_001,
          codec: kvCodec,
          onMessage: (message, from) => {
            if (message.kind === "reply") return;
            const { request } = message;
            const subject = subjectOf(message, from);
            const rest = { status: "ok", value: null, isSwapped: true, session: 1, leader: 1 } as const;
            socket.send(from, lie({ kind: "reply", request, subject, ...rest }));
          },
        });
      },
    });
    control.addHost({
      name: "c1",
      program: async (host) => {
        const servers = [{ id: 1, address: { host: "n1", port: 7_001 } }];
        outcome = await createKvClient(host, { servers, settings: KV_CLIENT_DEFAULTS }).invoke({
          f: "put",
          key: "k",
          value: "v",
        });
      },
    });
    for (const name of ["n1", "c1"]) control.boot(name, true);
    await control.run(5_000_000);
    return { outcome, violated: control.world.properties.violations.map(({ property }) => property) };
  });
}

test("takes the answer to its own command", async () => {
  expect(await putAt((reply) => reply)).toEqual({ outcome: { type: "ok", value: null }, violated: [] });
});

test("the result of another client's registration, of another command, and of none violate the rule and are no answer", async () => {
  const another = { kind: "register", client: "c2:49152", registration: 1 } as const;
  const registered = await putAt((reply) => ({ ...reply, subject: another }));
  expect(registered.violated).toContain(ANSWER_PROPERTY);
  expect(registered.outcome?.type).toBe("fail");
  const isOfWrite = ({ subject }: KvReply) => subject?.kind === "write";
  const lies: readonly KvReply["subject"][] = [
    { kind: "write", session: 1, sequence: 2 },
    { kind: "write", session: 2, sequence: 1 },
    { kind: "get", key: "k" },
    null,
  ];
  for (const subject of lies) {
    const { outcome, violated } = await putAt((reply) => (isOfWrite(reply) ? { ...reply, subject } : reply));
    expect(violated).toContain(ANSWER_PROPERTY);
    expect(outcome?.type).toBe("info");
  }
});

test("a refusal need not name anything", async () => {
  const { outcome, violated } = await putAt((reply) => ({ ...reply, status: "retry", subject: null }));
  expect([outcome?.type, violated]).toEqual(["fail", []]);
});
