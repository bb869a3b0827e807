/** What a program may ask about its process and its machine: a host has one processor, its own name, and a number for each boot. */
import type { HostGlobals } from "../../sim/engine.ts";
import { monotonicMs } from "./clocks.ts";
import {
  type AnyFunction,
  current,
  disguise,
  GuardError,
  nodeRequire,
  type Owner,
  type Replace,
  simulate,
} from "./kit.ts";

/** The process of boot 1 has the number 1001: it is told from that of boot 2, as a restarted process would be. */
const PID_BASE = 1000;

export function guardMachine(replace: Replace): void {
  guardProcessTime(replace);
  guardPrints(replace);
  replace(
    process,
    "pid",
    simulate((owner) => PID_BASE + owner.incarnation),
  );
  replace(
    process,
    "ppid",
    simulate(() => 1),
  );
  replace(
    process,
    "emitWarning",
    simulate((owner, _self, [warning, options]) => {
      const { name, message } =
        warning instanceof Error ? warning : { name: warningName(options), message: String(warning) };
      owner.print("stderr", `${name}: ${message}\n`);
    }),
  );
  for (const name of ["on", "once", "addListener", "prependListener", "prependOnceListener"])
    replace(
      process,
      name,
      simulate((owner, _self, [event]) => {
        throw new GuardError(
          `process.${name}(${JSON.stringify(String(event))})`,
          owner,
          "a simulated process gets no signals and no events; a crash runs no code. Register outside of the program.",
        );
      }),
    );
  guardOs(replace);
}

function warningName(options: unknown): string {
  if (typeof options === "string") return options;
  return (options as { type?: string } | undefined)?.type ?? "Warning";
}

function guardProcessTime(replace: Replace): void {
  replace(
    process,
    "uptime",
    simulate((owner) => owner.monotonicUs() / 1_000_000),
  );
  replace(process, "hrtime", (real) => {
    const realBigint = (real as unknown as { bigint(): bigint }).bigint;
    const hrtime = disguise(function (this: unknown, since?: unknown): unknown {
      const owner = current();
      const isValid = since === undefined || (Array.isArray(since) && since.length === 2);
      if (owner === null || !isValid) return real.call(this, since);
      const [seconds, nanoseconds] = (since ?? [0, 0]) as [number, number];
      const us = owner.monotonicUs() - (seconds * 1_000_000 + Math.floor(nanoseconds / 1000));
      return [Math.floor(us / 1_000_000), (((us % 1_000_000) + 1_000_000) % 1_000_000) * 1000];
    }, real);
    const bigint = disguise((): bigint => {
      const owner = current();
      return owner === null ? realBigint() : BigInt(owner.monotonicUs()) * 1000n;
    }, realBigint);
    return Object.defineProperty(hrtime, "bigint", {
      configurable: true,
      writable: true,
      enumerable: true,
      value: bigint,
    });
  });
}

/** What a program prints belongs to its host: into the trace, and into what `run` shows. */
function guardPrints(replace: Replace): void {
  for (const name of ["stdout", "stderr"] as const)
    replace(
      process[name],
      "write",
      simulate((owner, _self, [chunk, encoding, last]) => {
        const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8");
        owner.print(name, text);
        const callback = [encoding, last].find((one) => typeof one === "function") as AnyFunction | undefined;
        if (callback !== undefined) process.nextTick(callback);
        return true;
      }),
    );
}

const NO_TIMES = { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 };

function guardOs(replace: Replace): void {
  const os = nodeRequire("node:os") as Owner;
  // Node's functions are numbers and strings as primitives, too: `${os.hostname}`.
  const answer = (name: string, value: (owner: HostGlobals) => unknown): void =>
    replace(os, name, (real) => {
      const guarded = disguise(function (this: unknown, ...args: unknown[]) {
        const owner = current();
        return owner === null ? real.apply(this, args) : value(owner);
      }, real);
      if (Symbol.toPrimitive in real)
        Object.defineProperty(guarded, Symbol.toPrimitive, {
          configurable: true,
          value: () => guarded.call(undefined),
        });
      return guarded;
    });
  answer("hostname", ({ hostName }) => hostName);
  answer("uptime", (owner) => monotonicMs(owner) / 1000);
  answer("loadavg", () => [0, 0, 0]);
  answer("cpus", () => [{ model: "simulated", speed: 0, times: { ...NO_TIMES } }]);
  answer("availableParallelism", () => 1);
  const { navigator } = globalThis as unknown as { navigator?: object };
  if (navigator === undefined) return;
  replace(
    Object.getPrototypeOf(navigator) as object,
    "hardwareConcurrency",
    simulate(() => 1),
  );
  for (const [name, value] of [
    ["language", "en-US"],
    ["languages", Object.freeze(["en-US"])],
  ] as const)
    replace(
      Object.getPrototypeOf(navigator) as object,
      name,
      simulate(() => value),
    );
}
