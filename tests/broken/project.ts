/** A project of a user with one small scenario, and commands that are called in it as the parser calls them. */
import * as fs from "node:fs";
import fc from "fast-check";
import { expect, vi } from "vitest";
import { UsageError } from "../../campaign/errors.ts";

/** A register on n1 whose check calls a read of 7 wrong. Faults reach it; seeds 1 to 5 have failures and others. */
export const SCENARIO = `const codec = {
  typeOf: (message) => message.type,
  encode: (message) => new TextEncoder().encode(JSON.stringify(message)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
};
export const own = {
  name: "own",
  title: "a register",
  settings: {
    nodes: { kind: "choice", of: [1, 2], about: "nodes" },
    clients: { kind: "choice", of: [2], about: "clients" },
    chaosUs: { kind: "integer", min: 200000, max: 200000, about: "length" },
    size: { kind: "integer", min: 1, max: 9, about: "size" },
  },
  faults: { kinds: ["pause", "delay"], points: { message: ["read"] }, intensityPerMille: 2000 },
  node: () => (host) => {
    let value = null;
    const socket = host.net.open({
      port: 7, codec,
      onMessage: (message, from) => {
        if (message.type === "write") value = message.value;
        socket.send(from, { type: "answer", id: message.id, value });
      },
    });
  },
  client: (host) => {
    const waiting = new Map();
    let last = 0;
    const socket = host.net.open({ port: 0, codec, onMessage: (message) => waiting.get(message.id)?.(message) });
    return {
      invoke: ({ f, value }) => new Promise((resolve) => {
        const id = ++last;
        const timer = host.timers.after(50000, () => resolve({ type: "info", error: "no answer" }));
        waiting.set(id, (message) => {
          timer.cancel();
          resolve(f === "read" ? { type: "ok", value: message.value } : { type: "ok" });
        });
        socket.send({ host: "n1", port: 7 }, { type: f, id, value });
      }),
    };
  },
  operations: (random) => Array.from({ length: 8 }, (_, i) => ({
    process: i % 2, afterUs: 20000, ...(i % 2 === 0 ? { f: "write", value: random.below(8) } : { f: "read", value: null }),
  })),
  livenessOperations: (process) => [{ process, afterUs: 0, f: "read", value: null }],
  floors: { operationsMin: 1 },
  checks: [{
    name: "no-seven",
    check: ({ history }) => {
      const done = history.filter(({ type }) => type === "ok");
      return done.some(({ f, value }) => f === "read" && value === 7)
        ? { kind: "invalid", checker: "no-seven", operations: done.length, evidence: { property: "no-seven", lines: ["a read gave 7"], proof: [] } }
        : { kind: "valid", checker: "no-seven", operations: done.length };
    },
  }],
};
`;

export type Told = {
  /** The exit code; null when an error was thrown instead. */
  readonly code: number | null;
  readonly error: unknown;
  readonly out: string;
  readonly err: string;
};

/** Calls a command and hears what it prints. */
export async function told(command: () => number | Promise<number>): Promise<Told> {
  let out = "";
  let err = "";
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    return { code: await command(), error: null, out, err };
  } catch (error) {
    return { code: null, error, out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** An error that the command line tells without a stack, exit code 64, and that names all of these. */
export function expectRefusal({ error }: Told, ...names: readonly (string | RegExp)[]): void {
  if (!(error instanceof UsageError)) throw error;
  for (const name of names) expect(error.message).toMatch(name);
  expect(error.message).not.toMatch(/\n\s+at |undefined|\[object /);
  expect(error.message.length).toBeLessThan(4_000);
}

/**
 * Fast-check's assertion over asynchronous cases. With BROKEN_GO_ON it goes on after a failure and tells each kind of failure once, with how
 * often it came: what a first look at a new generator needs.
 */
export async function everyCase<T>(
  cases: fc.Arbitrary<T>,
  options: { readonly numRuns: number; readonly seed: number },
  judge: (one: T) => Promise<void>,
): Promise<void> {
  const kinds = new Map<string, number>();
  const isGoingOn = process.env["BROKEN_GO_ON"] !== undefined;
  const property = fc.asyncProperty(cases, async (one) => {
    try {
      await judge(one);
    } catch (error) {
      if (!isGoingOn) throw error;
      const kind = String((error as Error).stack)
        .replace(/\d+/g, "N")
        .split("\n")
        .slice(0, 9)
        .join("\n")
        .slice(0, 900);
      if (!kinds.has(kind)) console.log(`${kind}\n${fc.stringify(one).slice(0, 400)}`);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  });
  await fc.assert(property, options);
  const failed = [...kinds].map(([kind, times]) => `${times} times: ${kind.slice(0, 200)}`);
  if (failed.length > 0) throw new Error(failed.join("\n"));
}

/** Every file below a folder with its content: what must not change when something is refused. */
export function filesBelow(folder: string): { readonly [file: string]: string } {
  const files: Record<string, string> = {};
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = `${entry.parentPath ?? entry.path}/${entry.name}`;
    if (entry.isFile()) files[file] = fs.readFileSync(file, "latin1");
    else if (entry.isSymbolicLink()) files[file] = `-> ${fs.readlinkSync(file)}`;
  }
  return files;
}
