/** Little programs that give the same in Node and on a simulated host: orders, values and errors, never durations. */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import * as crypto from "node:crypto";
import { performance as hooksPerformance, PerformanceObserver } from "node:perf_hooks";
import * as timersPromises from "node:timers/promises";
import * as util from "node:util";
import { outcomeOf } from "./rig.ts";

type Callback = (...args: unknown[]) => void;
const loose = globalThis as unknown as { [name: string]: (...args: unknown[]) => unknown };
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const shape = (value: unknown): string => (Number.isFinite(value) ? "finite" : String(value));

/** Whether a timer of this delay fires before one of 15 ms. */
async function isAtOnce(delay: unknown): Promise<boolean> {
  let fired = false;
  const timer = loose["setTimeout"]!(() => {
    fired = true;
  }, delay) as NodeJS.Timeout;
  await wait(15);
  clearTimeout(timer);
  return fired;
}

async function orderOf(schedule: (say: (name: string) => () => void) => void): Promise<string> {
  const order: string[] = [];
  // From a callback: in a continuation of a promise the microtasks come before the ticks.
  setTimeout(() => schedule((name) => () => void order.push(name)), 1);
  await wait(40);
  return order.join(" ");
}

/** What an asynchronous context holds in a callback that `register` hands over. */
async function contextIn(register: (callback: Callback) => void): Promise<unknown> {
  const storage = new AsyncLocalStorage<number>();
  return new Promise((resolve) => storage.run(3, () => register(() => resolve(storage.getStore()))));
}

export const PROGRAMS: { readonly [claim: string]: () => unknown } = {
  "util.promisify of setTimeout and setImmediate": async () => [
    await util.promisify(setTimeout)(2, "v"),
    await util.promisify(setImmediate)("w"),
  ],
  "names and lengths of the functions": () =>
    [
      setTimeout,
      setInterval,
      setImmediate,
      clearTimeout,
      Date,
      Date.now,
      performance.now,
      queueMicrotask,
      crypto.randomInt,
    ].map(({ name, length }) => `${name}/${length}`),
  "a timer is a number, a string and a key": async () => {
    const timer = setTimeout(() => {}, 5);
    const byKey = { [timer as unknown as string]: "found" };
    const found = byKey[String(Number(timer))];
    clearTimeout(timer);
    return [shape(Number(timer)), `${timer}` === String(+timer), found, typeof setImmediate(() => {})];
  },
  "a timer is cleared by number, by text and by itself; nothing else matters": async () => {
    const fired: string[] = [];
    const make = (name: string): NodeJS.Timeout => setTimeout(() => void fired.push(name), 3);
    clearTimeout(Number(make("number")));
    clearTimeout(String(make("text")));
    clearInterval(make("itself"));
    for (const other of [undefined, null, {}, "none", Number.NaN, 1e9]) clearTimeout(other as never);
    make("kept");
    await wait(15);
    return fired;
  },
  "a number that was never asked for clears nothing": async () => {
    let fired = false;
    const next = Number(setTimeout(() => {}, 1)) + 1000;
    setTimeout(() => {
      fired = true;
    }, 2);
    clearTimeout(next);
    await wait(10);
    return fired;
  },
  "delays that Node does not take are 1 ms": async () => {
    const delays = [2 ** 31, 1e12, Infinity, -Infinity, Number.NaN, -10, 0, null, undefined, "x", [], {}, true, "3"];
    return Promise.all(delays.map(isAtOnce));
  },
  "delays that Node takes are waited for": () => Promise.all(["40", 40.9, [40]].map(isAtOnce)),
  "delays that throw": () => outcomeOf(() => loose["setTimeout"]!(() => {}, Symbol("d"))),
  "callbacks that are not functions": async () =>
    Promise.all(
      ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"].flatMap((name) =>
        [undefined, null, "x", {}].map((callback) => outcomeOf(() => loose[name]!(callback, 1))),
      ),
    ),
  "arguments and this of callbacks": () =>
    new Promise((resolve) => {
      const timer = setTimeout(
        function (this: unknown, ...args: unknown[]) {
          const immediate = setImmediate(function (this: unknown, ...more: unknown[]) {
            resolve([args, more, isTimer, this === immediate]);
          }, "b");
          const isTimer = this === timer;
        },
        1,
        "a",
        2,
      );
    }),
  "ref, unref, hasRef, refresh and close": async () => {
    const seen: unknown[] = [];
    const timer = setTimeout(() => void seen.push("fired"), 8);
    seen.push(timer.hasRef(), timer.unref() === timer, timer.hasRef(), timer.ref().hasRef(), timer.refresh() === timer);
    timer.close();
    seen.push(timer.refresh() === timer, typeof timer.close);
    const immediate = setImmediate(() => {});
    seen.push(immediate.hasRef(), immediate.unref() === immediate, immediate.hasRef());
    clearImmediate(immediate);
    await wait(20);
    return seen;
  },
  "refresh starts over, also after it has fired": async () => {
    let fired = 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        if (++fired === 1) timer.refresh();
        else resolve();
      }, 4);
    });
    await wait(8);
    return fired;
  },
  "Symbol.dispose clears, where there is one": async () => {
    const dispose = (Symbol as { dispose?: symbol }).dispose ?? Symbol("none");
    let fired = false;
    const timer = setTimeout(() => {
      fired = true;
    }, 3);
    const clear = (timer as unknown as Record<symbol, (() => void) | undefined>)[dispose];
    clear?.call(timer);
    await wait(12);
    return [typeof clear, fired];
  },
  "an interval clears itself and does not run into itself": async () => {
    let runs = 0;
    let isInside = false;
    let overlapped = false;
    await new Promise<void>((resolve) => {
      const interval = setInterval(() => {
        overlapped ||= isInside;
        isInside = true;
        if (++runs === 3) {
          clearInterval(interval);
          resolve();
        }
        isInside = false;
      }, 2);
    });
    await wait(12);
    return [runs, overlapped];
  },
  "the order of jobs and timers": () =>
    orderOf((say) => {
      setTimeout(say("late"), 12);
      queueMicrotask(say("micro"));
      void Promise.resolve().then(say("then"));
      process.nextTick(say("tick"));
      setTimeout(say("first"), 3);
      setTimeout(say("second"), 3);
    }),
  "timers/promises give values": async () => [
    await timersPromises.setTimeout(2, "a"),
    await timersPromises.setImmediate("b"),
    await timersPromises.scheduler.wait(2),
    await (timersPromises.scheduler as unknown as { yield(): Promise<unknown> }).yield(),
  ],
  "timers/promises abort": async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort("why"), 3);
    const cause = await timersPromises
      .setTimeout(500, "v", { signal: controller.signal, ref: false })
      .catch((error: Error) => [error.name, error.message, error.cause, error instanceof Error]);
    const signal = AbortSignal.abort();
    return [
      cause,
      await outcomeOf(() => timersPromises.setTimeout(500, "v", { signal })),
      await outcomeOf(() => timersPromises.setImmediate("v", { signal })),
      await outcomeOf(() => timersPromises.scheduler.wait(500, { signal })),
      await outcomeOf(() => timersPromises.setInterval(500, "v", { signal })[Symbol.asyncIterator]().next()),
    ];
  },
  "timers/promises refuse what Node refuses": async () => {
    const sleep = timersPromises.setTimeout as (...args: unknown[]) => Promise<unknown>;
    const options = [null, 5, "x", { signal: 5 }, { signal: null }, { ref: 1 }, { signal: {} }];
    const delays = ["3", null, Symbol("d"), {}, Number.NaN];
    return [
      await Promise.all(options.map((one) => outcomeOf(() => sleep(1, "v", one)))),
      await Promise.all(delays.map((one) => outcomeOf(() => sleep(one, "v")))),
      await outcomeOf(() => (timersPromises.setImmediate as (...args: unknown[]) => unknown)("v", null)),
    ];
  },
  "the interval of timers/promises counts, returns and aborts": async () => {
    const seen: unknown[] = [];
    for await (const value of timersPromises.setInterval(2, "t")) {
      seen.push(value);
      if (seen.length === 3) break;
    }
    const controller = new AbortController();
    const interval = timersPromises.setInterval(2, "u", { signal: controller.signal });
    seen.push(
      await outcomeOf(async () => {
        for await (const _ of interval) controller.abort();
      }),
    );
    return seen;
  },
  "AbortSignal.timeout and any": async () => {
    const reasonOf = (signal: AbortSignal): Promise<string> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(String((signal.reason as Error).name))));
    const invalid = [-1, 1.5, Number.NaN, "x", undefined].map((delay) =>
      outcomeOf(() => (AbortSignal.timeout as (delay: unknown) => unknown)(delay)),
    );
    return [
      await reasonOf(AbortSignal.timeout(3)),
      await reasonOf(AbortSignal.any([AbortSignal.timeout(3), new AbortController().signal])),
      ...(await Promise.all(invalid)),
    ];
  },
  "contexts are kept over timers, ticks, immediates, promises and callbacks": async () => [
    await contextIn((callback) => void setTimeout(callback, 2)),
    await contextIn((callback) => {
      const interval = setInterval(() => {
        clearInterval(interval);
        callback();
      }, 2);
    }),
    await contextIn((callback) => void setImmediate(callback)),
    await contextIn((callback) => process.nextTick(callback)),
    await contextIn((callback) => queueMicrotask(callback as () => void)),
    await contextIn((callback) => void timersPromises.setTimeout(2).then(callback)),
    await contextIn((callback) => crypto.randomBytes(4, callback)),
    await contextIn((callback) => void wait(1).then(() => setTimeout(callback, 1))),
    await contextIn((callback) => AsyncResource.bind(callback)()),
  ],
  "a context that is entered ends with its callback": async () => {
    const storage = new AsyncLocalStorage<string>();
    setTimeout(() => storage.enterWith("inner"), 1);
    const seen = await new Promise((resolve) => setTimeout(() => resolve(storage.getStore()), 5));
    return String(seen);
  },
  "Date in all its forms": () => {
    class Own extends Date {}
    const near = (time: number): boolean => Math.abs(time - Date.now()) < 5_000;
    return [
      near(Number(Reflect.construct(Date, []))),
      near(new Own().getTime()),
      near(Date.parse(Date())),
      near(Number(new (new Date().constructor as typeof Date)())),
      String(new Date(undefined as never)),
      new Date(0).toISOString(),
      Date.UTC(2020, 0),
      new Date() instanceof Date,
      structuredClone(new Date(5)) instanceof Date,
      Object.prototype.toString.call(new Date()),
    ];
  },
  "clocks agree with each other": () => {
    const near = (x: number, y: number): boolean => Math.abs(x - y) < 5_000;
    const [seconds] = process.hrtime();
    return [
      near(performance.timeOrigin + performance.now(), Date.now()),
      near(new Event("x").timeStamp, performance.now()),
      seconds >= 0 && process.hrtime.bigint() >= 0n,
      process.hrtime(process.hrtime())[0],
      process.uptime() >= 0,
      near(new File([], "f").lastModified, Date.now()),
      new File([], "f", { lastModified: 7 }).lastModified,
      new Intl.DateTimeFormat("en", { year: "numeric" }).format() ===
        new Intl.DateTimeFormat("en", { year: "numeric" }).format(Date.now()),
      new Intl.DateTimeFormat("en", { year: "numeric" }).formatToParts()[0]!.value === String(new Date().getFullYear()),
    ];
  },
  "errors of dates and ranges": async () => [
    await outcomeOf(() => (new Intl.DateTimeFormat("en").formatRange as (...args: unknown[]) => string)()),
    await outcomeOf(() => process.hrtime("x" as never)),
  ],
  "marks and measures": async () => {
    performance.clearMarks();
    const mark = performance.mark("a", { detail: { x: 1 } });
    await wait(2);
    performance.mark("b");
    const measure = performance.measure("ab", "a", "b");
    const given = performance.measure("given", { start: 5, end: 7 });
    const seen = [
      mark.name,
      mark.detail,
      mark.entryType,
      Math.abs(mark.startTime - performance.now()) < 1_000,
      measure.duration > 0,
      given.duration,
      performance.getEntriesByName("a").length,
      performance
        .getEntriesByType("measure")
        .map(({ name }) => name)
        .sort(),
      await outcomeOf(() => performance.measure("c", "no-such-mark")),
      ...[{ detail: 1 }, { duration: 1 }].map(
        (options) => Math.abs(performance.measure("open", options).duration - performance.now()) < 1_000,
      ),
      performance.measure("of a length", { start: 4, duration: 3 }).duration,
      hooksPerformance.timerify((x: number) => x + 1)(2),
    ];
    performance.clearMarks("a");
    performance.clearMeasures();
    seen.push(performance.getEntries().map(({ name }) => name));
    performance.clearMarks();
    return seen;
  },
  "a performance observer is told of marks": () =>
    new Promise((resolve) => {
      const observer = new PerformanceObserver((list, self) => {
        self.disconnect();
        resolve(list.getEntries().map(({ name }) => name));
      });
      observer.observe({ entryTypes: ["mark"] });
      performance.mark("one");
      performance.mark("two");
      performance.clearMarks();
    }),
  "bodies, blobs and streams": async () => [
    await new Response("body").text(),
    await new Blob(["ab"]).text(),
    (await new ReadableStream({ start: (it) => it.enqueue(1) }).getReader().read()).value,
    new Headers({ a: "b" }).get("a"),
  ],
  "shapes of random values": async () => {
    const random = (f: (...args: unknown[]) => unknown, ...args: unknown[]): Promise<unknown> =>
      new Promise((resolve) => f(...args, (_error: unknown, value: unknown) => resolve(value)));
    const cast = (f: unknown): ((...args: unknown[]) => unknown) => f as (...args: unknown[]) => unknown;
    return [
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(crypto.randomUUID()),
      globalThis.crypto.randomUUID().length,
      crypto.randomBytes(5).length,
      ((await random(cast(crypto.randomBytes), 6)) as Buffer).length,
      ((await random(cast(crypto.randomInt), 10)) as number) < 10,
      ((await random(cast(crypto.randomInt), 5, 6)) as number) === 5,
      crypto.randomInt(2 ** 47) <= 2 ** 47,
      crypto.randomFillSync(new Uint16Array(4), 3)[0],
      ((await random(cast(crypto.randomFill), Buffer.alloc(3))) as Buffer).length,
      globalThis.crypto.getRandomValues(new Uint32Array(2)).length,
      Math.random() < 1,
    ];
  },
  "errors of random values": async () =>
    Promise.all(
      [
        () => crypto.randomBytes(-1),
        () => crypto.randomBytes("5" as never),
        () => crypto.randomBytes(5, 5 as never),
        () => crypto.randomInt(0),
        () => crypto.randomInt(5, 5),
        () => crypto.randomInt(2 ** 48),
        () => crypto.randomInt(1.5),
        () => crypto.randomFillSync(5 as never),
        () => crypto.randomFillSync(Buffer.alloc(3), 4),
        () => crypto.randomFillSync(Buffer.alloc(3), 1, 5),
        () => crypto.randomUUID(5 as never),
        () => globalThis.crypto.getRandomValues(new Float32Array(2) as never),
        () => globalThis.crypto.getRandomValues(new Uint8Array(65_537)),
        () => (crypto.pbkdf2 as (...args: unknown[]) => unknown)("p", "s", 1, 8, "sha256"),
        () => crypto.scrypt("p", "s", -1, () => {}),
      ].map(outcomeOf),
    ),
  "slow and pure functions call back with their result": async () => {
    const { privateKey, publicKey } = keys();
    const signature = crypto.sign(null, Buffer.from("text"), privateKey);
    const back = (start: (callback: (error: unknown, value: unknown) => void) => void): Promise<unknown> =>
      new Promise((resolve) => start((_error, value) => resolve(value)));
    return [
      ((await back((done) => crypto.pbkdf2("p", "s", 2, 8, "sha256", done))) as Buffer).toString("hex"),
      ((await back((done) => crypto.scrypt("p", "s", 8, { N: 2 }, done))) as Buffer).toString("hex"),
      Buffer.from((await back((done) => crypto.hkdf("sha256", "k", "s", "i", 8, done))) as ArrayBuffer).toString("hex"),
      await back((done) => crypto.checkPrime(7n, done)),
      await back((done) => crypto.verify(null, Buffer.from("text"), publicKey, signature, done)),
      signature.toString("hex").slice(0, 8),
    ];
  },
};

/** A fixed key: signatures of Ed25519 have no random part. */
function keys(): { readonly privateKey: crypto.KeyObject; readonly publicKey: crypto.KeyObject } {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]);
  const privateKey = crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { privateKey, publicKey: crypto.createPublicKey(privateKey) };
}
