import { expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import { Control } from "./control.ts";
import type { Codec, Host, Program } from "./host.ts";
import { SimulationError } from "./world.ts";

type Options = Omit<ConstructorParameters<typeof Control>[0], "engine">;

function simulate<T>(
  program: Program,
  script: (control: Control) => Promise<T>,
  options: Partial<Options> = {},
): Promise<T> {
  return withNodeEngine({ isCheckingClaims: options.isDeepChecking ?? false }, async (engine) => {
    const control = new Control({ seed: "machine", engine, ...options });
    for (const name of ["n1", "n2"]) control.addHost({ name, program, groups: ["rack"] });
    for (const name of ["n1", "n2"]) control.boot(name, true);
    return script(control);
  });
}

const note: Codec<string> = {
  typeOf: () => "note",
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes) => new TextDecoder().decode(bytes),
};

test("a continuation that was queued before the crash is inert: it sends, draws and writes nothing", async () => {
  const seen: string[] = [];
  let after: number | null = null;
  const program: Program = async (host) => {
    const socket = host.net.open<string>({ port: 1, codec: note, onMessage: (message) => void seen.push(message) });
    if (host.name !== "n1" || host.boot.incarnation > 1) return;
    host.timers.after(1_000, async () => {
      await null;
      host.exit("in mid-event");
      try {
        socket.send({ host: "n2", port: 1 }, "from the dead");
        host.random.uint32();
        host.observe("dead", () => 1);
      } finally {
        after = host.random.below(10);
        void host.disk.open("/x", { create: true }).then(() => seen.push("opened"));
      }
    });
  };
  await simulate(program, async (control) => {
    let observed = 0;
    control.world.onObservation("dead", () => observed++);
    await control.run(1_000_000);
    expect(control.stateOf("n1")).toBe("down");
    expect({ seen, observed }).toEqual({ seen: [], observed: 0 });
    expect(after).not.toBeNull();
    expect(control.durableView("n1")).toEqual([]);
  });
});

test("an uncaught error, a floating rejection and a stray callback each crash their own host, not the run", async () => {
  const faults: ((host: Host) => void | Promise<void>)[] = [
    () => {
      throw new TypeError("sync");
    },
    async () => {
      await null;
      throw new TypeError("async");
    },
    () => void Promise.reject(new TypeError("floating")),
    () =>
      queueMicrotask(() => {
        throw new TypeError("microtask");
      }),
    () =>
      void setTimeout(() => {
        throw new TypeError("timer");
      }, 1),
  ];
  for (const fault of faults) {
    const program: Program = (host) => {
      if (host.name === "n1" && host.boot.incarnation === 1) return fault(host);
      return undefined;
    };
    await simulate(program, async (control) => {
      await control.run(50_000);
      expect(control.world.properties.uncaught.map(({ host, error }) => `${host} ${error.split("\n")[0]}`)).toEqual([
        expect.stringMatching(/^n1 TypeError: (sync|async|floating|microtask|timer)$/),
      ]);
      expect([control.stateOf("n1"), control.stateOf("n2")]).toEqual(["down", "up"]);
    });
  }
});

test("a supervised process that exits is booted again from its disk; one that is held down is not", async () => {
  const boots: number[] = [];
  const program: Program = (host) => {
    if (host.name !== "n1") return;
    boots.push(host.boot.incarnation);
    if (host.boot.incarnation < 3) host.timers.after(1_000, () => host.exit("again"));
  };
  await simulate(
    program,
    async (control) => {
      await control.run(1_000_000);
      expect(boots).toEqual([1, 2, 3]);
      control.host("n1").isHeldDown = true;
      control.kill("n1");
      await control.run(2_000_000);
      expect(control.stateOf("n1")).toBe("down");
    },
    { supervisorDelayUs: 5_000 },
  );
});

test("while a host is paused nothing of it runs, its memory stays, and what waited runs at the resume", async () => {
  const ticks: number[] = [];
  const program: Program = async (host) => {
    if (host.name !== "n1") return;
    for (let i = 0; ; i++) {
      await host.timers.sleep(1_000);
      ticks.push(i);
    }
  };
  await simulate(program, async (control) => {
    await control.run(3_500);
    const before = ticks.length;
    control.pause("n1");
    await control.run(50_000);
    expect(ticks).toHaveLength(before);
    control.resume("n1");
    await control.run(50_010);
    expect(ticks).toHaveLength(before + 1);
  });
});

test("a kill keeps cached pages; a power loss, also of a machine whose process is dead, loses them", async () => {
  const sizes: number[] = [];
  const program: Program = async (host) => {
    if (host.name !== "n1") return;
    const file = await host.disk.open("/f", { create: true });
    await host.disk.syncDir("/");
    sizes.push(await file.size());
    await file.append(new Uint8Array(5_000).fill(7));
  };
  await simulate(program, async (control) => {
    await control.run(100_000);
    control.kill("n1");
    control.boot("n1");
    await control.run(200_000);
    control.kill("n1");
    control.powerLoss("n1");
    control.boot("n1");
    await control.run(300_000);
    expect(sizes[1]).toBe(5_000);
    expect(sizes[2]).toBeLessThan(10_000);
  });
});

test("a wipe leaves the name and takes the disk; the next boot knows that it is not the first", async () => {
  const boots: string[] = [];
  const program: Program = async (host) => {
    if (host.name !== "n1") return;
    boots.push(`${host.boot.incarnation} ${host.boot.isClusterFirst} ${(await host.disk.list("/")).join()}`);
    await host.disk.open("/f", { create: true });
    await host.disk.syncDir("/");
  };
  await simulate(program, async (control) => {
    await control.run(10_000);
    control.restart("n1");
    await control.run(20_000);
    control.wipe("n1");
    control.boot("n1");
    await control.run(30_000);
    expect(boots).toEqual(["1 true ", "2 false f", "3 false "]);
    expect(control.group("rack").map(({ name }) => name)).toEqual(["n1", "n2"]);
  });
});

test("real I/O that leaks in is an error that says so", async () => {
  const program: Program = (host) => {
    if (host.name !== "n1") return;
    // Taken before the guards could replace it, as a library would.
    realTimeout(() => {
      try {
        host.timers.after(1, () => {});
      } catch (error) {
        leaked = error;
      }
    }, 5);
  };
  let leaked: unknown = null;
  await simulate(program, async (control) => {
    await control.run(1_000);
    await new Promise((resolve) => realTimeout(resolve, 20));
  });
  expect(leaked).toBeInstanceOf(SimulationError);
  expect(String(leaked)).toContain("while no event of that host was running");
});

const realTimeout = setTimeout;

test("a handler that claims to be synchronous and is not is named, in the sampled runs that check", async () => {
  const program: Program = (host) => {
    host.timers.after(1_000, () => void Promise.resolve().then(() => {}), { sync: true });
  };
  await expect(simulate(program, (control) => control.run(10_000), { isDeepChecking: true })).rejects.toThrow(
    /timer of n[12] was registered as synchronous, but it left work/,
  );
});

test("globals of the engine belong to the host while its event runs", async () => {
  const seen: unknown[] = [];
  const program: Program = async (host) => {
    if (host.name !== "n1") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(
      Math.round(performance.now()),
      Date.now() === Math.floor(host.clock.wallUs() / 1000),
      new Date().toISOString() === new Date(Date.now()).toISOString(),
    );
    seen.push(Math.random() < 1, crypto.randomUUID().length);
    try {
      await fetch("http://localhost");
    } catch (error) {
      seen.push(String(error));
    }
  };
  await simulate(program, (control) => control.run(100_000));
  expect(seen).toEqual([20, true, true, true, 36, expect.stringContaining("fetch was called by code on host n1")]);
});

test("between and after runs the globals are real again", async () => {
  const program: Program = (host) => {
    const again = (): void => void host.timers.after(1_000, again, { sync: true });
    again();
  };
  const realBefore = Date.now();
  const seen: number[] = [];
  await simulate(program, async (control) => {
    await control.run(10_000_000);
    seen.push(Date.now());
    const start = performance.now();
    await control.run(100_000_000);
    seen.push(realBefore + performance.now() - start);
  });
  for (const time of seen) expect(Math.abs(time - realBefore)).toBeLessThan(60_000);
});

test("a run ends at its event limit, and at once when nothing is left", async () => {
  const endless: Program = (host) => {
    const again = (): void => void host.timers.after(1, again, { sync: true });
    again();
  };
  expect(await simulate(endless, (control) => control.run(Number.MAX_SAFE_INTEGER), { eventsMax: 5_000 })).toBe(
    "events-max",
  );
  expect(
    await simulate(
      () => {},
      (control) => control.run(Number.POSITIVE_INFINITY),
    ),
  ).toBe("idle");
});

test("the test side is told of every boot, end, pause, resume and wipe, in order", async () => {
  const program: Program = (host) => {
    if (host.name === "n2" && host.boot.incarnation === 1) host.timers.after(5_000, () => host.exit("done"));
  };
  await simulate(
    program,
    async (control) => {
      const told: string[] = [];
      control.onLifecycle((host, change) => told.push(`${host} ${change}`));
      control.pause("n1");
      control.pause("n1");
      control.resume("n1");
      control.wipe("n1");
      control.boot("n1");
      await control.run(10_000);
      expect(told).toEqual(["n1 paused", "n1 resumed", "n1 down", "n1 wiped", "n1 up", "n2 down"]);
    },
    { supervisorDelayUs: null },
  );
});
