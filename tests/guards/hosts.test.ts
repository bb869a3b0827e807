/** What belongs to a host and has no like in Node itself: its identity, its prints, its chance, and what ends with an error. */
import { AsyncLocalStorage } from "node:async_hooks";
import { spawnSync } from "node:child_process";
import * as crypto from "node:crypto";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { execute, resolveInput } from "../../campaign/execute.ts";
import { installGuards } from "../../runtime/guards.ts";
import { residentBytes } from "../../runtime/spawn.ts";
import { linearizable } from "../../scenarios/checks.ts";
import { type Scenario, scenario } from "../../scenarios/scenario.ts";
import type { Host } from "../../sim/host.ts";
import { jsonCodec } from "../../systems/json-codec.ts";
import { outcomeOf, simulated } from "./rig.ts";

const boot = path.join(import.meta.dirname, "..", "..", "runtime", "boot.mjs");

/** A scenario whose clients answer at once; what matters is what the node does. */
function around(node: (host: Host) => void | Promise<void>, parts: Partial<Scenario> = {}): Scenario {
  return scenario({
    name: "around",
    title: "a program between clients that need no server",
    settings: { nodes: { kind: "choice", of: [1], about: "one" } },
    node: () => node,
    client: () => ({ invoke: async ({ value }) => ({ type: "ok", value }) }),
    operations: () => [{ process: 0, afterUs: 1_000, f: "write", value: "v" }],
    faults: { kinds: [] },
    checks: [linearizable("register")],
    ...parts,
  });
}

test("a host has its own name, process and machine", async () => {
  const { value } = await simulated(() => [
    os.hostname(),
    `${os.hostname}`,
    process.pid,
    process.ppid,
    os.cpus().length,
    os.availableParallelism(),
    os.uptime(),
    new Date(0).getHours(),
    Intl.DateTimeFormat().resolvedOptions().timeZone,
    (1234.5).toLocaleString(),
    new Intl.NumberFormat().resolvedOptions().locale,
  ]);
  expect(value).toEqual(["n1", "n1", 1001, 1, 1, 1, 0, 0, "UTC", "1,234.5", "en-US"]);
});

test("everything that chance decides is decided by the seed", async () => {
  const drawn = (): unknown => [
    Math.random(),
    crypto.randomUUID(),
    crypto.randomUUID({ disableEntropyCache: true }),
    globalThis.crypto.randomUUID(),
    crypto.randomBytes(8).toString("hex"),
    crypto.randomInt(2 ** 47),
    crypto.randomFillSync(Buffer.alloc(8)).toString("hex"),
    [...globalThis.crypto.getRandomValues(new Uint8Array(8))],
    new Date().toISOString(),
    performance.timeOrigin,
    performance.mark("m").startTime,
    new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long" }).format(),
    setTimeout(() => {}, 1)[Symbol.toPrimitive](),
  ];
  const [first, again, other] = [await simulated(drawn, "a"), await simulated(drawn, "a"), await simulated(drawn, "b")];
  expect(first.error).toBe(null);
  expect(again.value).toEqual(first.value);
  expect((other.value as unknown[])[0]).not.toBe((first.value as unknown[])[0]);
});

test("a signature with a random part is an error, one without is Node's", async () => {
  const rsa = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const ec = crypto.generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
  const pem = ec.export({ format: "pem", type: "pkcs8" });
  const data = Buffer.from("text");
  const pss = { key: rsa, padding: crypto.constants.RSA_PKCS1_PSS_PADDING };
  const { value } = await simulated(async () => [
    await outcomeOf(() => crypto.sign("sha256", data, ec)),
    await outcomeOf(() => crypto.createSign("sha256").update(data).sign(pem)),
    await outcomeOf(() => crypto.sign("sha256", data, pss)),
    await outcomeOf(() => crypto.publicEncrypt(rsa, data)),
    await outcomeOf(() => crypto.createDiffieHellman(64)),
  ]);
  const named = [
    "crypto.sign with a key of type ec",
    "crypto.Sign.sign with",
    "crypto.sign with a key of type rsa-pss",
    "crypto.publicEncrypt",
    "crypto.createDiffieHellman",
  ];
  for (const [i, name] of named.entries()) expect((value as string[])[i]).toContain(`GuardError undefined: ${name}`);
  const pure = await simulated(() => crypto.sign("sha256", data, rsa).toString("hex"));
  expect(pure.value).toBe(crypto.sign("sha256", data, rsa).toString("hex"));
});

test("process.exit is named, and ends neither the tool nor the run unseen", async () => {
  const failed = await execute(
    around(() => process.exit(3)),
    { seed: "1" },
  );
  expect(failed.result.verdict).toBe("failed");
  const [broken] = failed.result.properties.filter(({ verdict }) => verdict === "invalid");
  expect(broken!.name).toBe("no-uncaught-error");
  expect(broken!.reason).toContain("process.exit was called by code on host n1");
  expect(broken!.reason).toContain("use host.exit");
});

test("prints belong to their host and change nothing", async () => {
  const said = await execute(
    around((host) => {
      console.log("one %d", 1);
      process.stderr.write("two\nthree\n");
      host.timers.after(5_000, () => void process.stdout.write("late"));
    }),
    { seed: "1" },
    { isTracing: true },
  );
  const prints = said.prints.filter(({ text }) => text !== "one 1");
  expect(prints).toMatchObject([
    { timeUs: 0, host: "n1", stream: "stderr", text: "two" },
    { host: "n1", stream: "stderr", text: "three" },
    { host: "n1", stream: "stdout", text: "late" },
  ]);
  expect(said.trace.filter(({ action }) => action === "host.print").length).toBe(said.prints.length);
  const silent = await execute(
    around((host) => void host.timers.after(5_000, () => {})),
    { seed: "1" },
  );
  expect(said.result.digest).toBe(silent.result.digest);
});

test("what prints without end is kept up to a bound", async () => {
  const { prints } = await simulated(() => {
    for (let i = 0; i < 10_500; i++) process.stdout.write(`${i}\n`);
  });
  expect(prints.length).toBe(10_000);
});

/** Taken before any guard is there. */
const real = { setTimeout };

test("a wait in real time fails the run with its name, and the next run is as it would have been", async () => {
  const leaking = around(async (host) => {
    await new Promise((resolve) => real.setTimeout(resolve, 1));
    host.mark("after a real wait");
  });
  // Virtual time passes quickly: enough of it that the real timer comes back inside the run.
  const busy = (host: Host): void => void host.timers.after(50, () => busy(host));
  const both = around((host) => {
    busy(host);
    return leaking.node("n1", undefined as never)(host);
  });
  const failed = await execute(both, { seed: "1" });
  expect(failed.result.verdict).toBe("failed");
  const [broken] = failed.result.properties.filter(({ verdict }) => verdict === "invalid");
  expect(broken).toMatchObject({ name: "system-error" });
  expect(broken!.reason).toContain("A Host call of n1 ran while no event of that host was running");
  const plain = around(() => {});
  expect((await execute(plain, { seed: "1" })).result.digest).toBe((await execute(plain, { seed: "1" })).result.digest);
});

test("chance and clocks in the functions of a scenario come from the seed; timers in them are an error", () => {
  const workload = around(() => {}, {
    operations: () => [
      {
        process: 0,
        afterUs: 1 + Math.floor(Math.random() * 1e6),
        f: "write",
        value: `${Date.now()} ${crypto.randomUUID()}`,
      },
    ],
  });
  const drawn = resolveInput(workload, { seed: "s" }).workload;
  expect(resolveInput(workload, { seed: "s" }).workload).toEqual(drawn);
  expect(resolveInput(workload, { seed: "t" }).workload).not.toEqual(drawn);
  expect(String(drawn[0]!.value)).toMatch(/^1700000000000 /);
  const waiting = around(() => {}, {
    operations: () => {
      setTimeout(() => {}, 1);
      return [];
    },
  });
  expect(() => resolveInput(waiting, { seed: "s" })).toThrow("A timer was called by operations of scenario around");
});

test("checks and watch are guarded as well", async () => {
  const seen: number[] = [];
  const parts: Partial<Scenario> = {
    watch: () => {
      seen.push(Math.random(), Date.now());
      return {};
    },
    checks: [
      {
        name: "sees",
        check: (run) => {
          seen.push(Math.random(), Date.now());
          return linearizable("register").check(run);
        },
      },
    ],
  };
  for (let i = 0; i < 2; i++)
    await execute(
      around(() => {}, parts),
      { seed: "1" },
    );
  expect(seen.slice(4)).toEqual(seen.slice(0, 4));
});

const storage = new AsyncLocalStorage<string>();

test("a context is kept over timers of the host, messages and the disk, and ends with its event", async () => {
  const { value, error } = await simulated(async (host) => {
    const seen: Record<string, string | undefined> = {};
    await new Promise<void>((resolve) => {
      const socket = storage.run("opened", () =>
        host.net.open({
          port: 5,
          codec: jsonCodec<{ readonly type: string }>(),
          sync: true,
          onMessage: () => {
            seen["message"] = storage.getStore();
            storage.enterWith("leaked");
            host.timers.after(1_000, () => resolve(), { sync: true });
          },
        }),
      );
      storage.run("sender", () => socket.send({ host: "n1", port: 5 }, { type: "x" }));
      host.timers.after(0, () => void (seen["outside"] = storage.getStore()), { sync: true });
      storage.run("timer", () => host.timers.after(10, () => void (seen["timer"] = storage.getStore())));
    });
    await storage.run("disk", async () => {
      const file = await host.disk.open("/f", { create: true });
      await file.write(0, new Uint8Array(3));
      seen["disk"] = storage.getStore();
    });
    await storage.run("spawned", async () => {
      host.spawn("task", async () => {
        await host.timers.sleep(5);
        seen["spawned"] = storage.getStore();
      });
    });
    await host.timers.sleep(1_000);
    return seen;
  });
  expect(error).toBe(null);
  expect(value).toEqual({ message: "opened", outside: undefined, timer: "timer", disk: "disk", spawned: "spawned" });
});

test("a context is kept over connections", async () => {
  const { value } = await simulated(async (host) => {
    const seen: Record<string, string | undefined> = {};
    storage.run("server", () =>
      host.net.listen(6, () => ({
        onData: () => void (seen["server"] = storage.getStore()),
      })),
    );
    await storage.run("client", () =>
      host.net.connect({ host: "n1", port: 6 }, (connection) => {
        connection.write(new Uint8Array(1));
        seen["client"] = storage.getStore();
        return { onData: () => {} };
      }),
    );
    await host.timers.sleep(100_000);
    return seen;
  });
  expect(value).toEqual({ server: "server", client: "client" });
});

test("the resident size is in bytes, whatever a page is", () => {
  const bytes = residentBytes(process.pid);
  if (process.platform !== "linux") return;
  expect(bytes! / process.memoryUsage().rss).toBeGreaterThan(0.5);
  expect(bytes! / process.memoryUsage().rss).toBeLessThan(2);
});

test("memory is zero and its own, whatever ran in this process before", async () => {
  const program = () => {
    const unsafe = [Buffer.allocUnsafe(100_000), Buffer.allocUnsafeSlow(50_000), Buffer.allocUnsafe(8)];
    const small = [Buffer.from("abc"), Buffer.from([1, 2]), Buffer.concat([Buffer.from("a"), Buffer.from("b")])];
    return [
      unsafe.every((buffer) => buffer.every((byte) => byte === 0)),
      [...unsafe, ...small].map(({ byteOffset, buffer }) => `${byteOffset}/${buffer.byteLength}`).join(" "),
    ];
  };
  Buffer.allocUnsafe(100_000).fill(7);
  Buffer.from("something that moves the pool");
  const { poolSize } = Buffer;
  expect((await simulated(program)).value).toEqual([true, "0/100000 0/50000 0/8 0/3 0/2 0/2"]);
  expect(Buffer.poolSize).toBe(poolSize);
});

test("what a program sets in the environment ends with its run", async () => {
  const program = () => {
    const { SEEDBED_SET_HERE: before = "none", PATH } = process.env;
    process.env["SEEDBED_SET_HERE"] = `${before}, set`;
    process.env["TZ"] = "Asia/Tokyo";
    delete process.env["PATH"];
    return [before, typeof PATH, new Date(0).getHours()];
  };
  const { PATH, TZ } = process.env;
  // A process that loads files of users keeps the guards from one run to the next.
  const remove = installGuards();
  for (let run = 0; run < 2; run++) expect((await simulated(program)).value).toEqual(["none", "string", 9]);
  remove();
  const { SEEDBED_SET_HERE } = process.env;
  expect([SEEDBED_SET_HERE, process.env["PATH"], process.env["TZ"]]).toEqual([undefined, PATH, TZ]);
});

test("the size of the process is forbidden in all its forms, and works outside", async () => {
  const { error } = await simulated(() => process.memoryUsage.rss());
  expect(String(error)).toContain("process.memoryUsage.rss was called by code on host n1");
  expect(process.memoryUsage.rss()).toBeGreaterThan(0);
});

test("a stream of the web is read to its end in the first run of a process", () => {
  const file = path.join(import.meta.dirname, "first-run.fixture.ts");
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--no-warnings", boot, file], { encoding: "utf8" });
  expect([status, stderr, stdout]).toEqual([
    0,
    "",
    '{"value":["1 2","body","in two",100000,"of a blob"],"error":null}\n',
  ]);
});
