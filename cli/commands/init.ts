/** `seedbed init`: a starter that passes as written: a system, a scenario over it, and a CI file. */
import * as fs from "node:fs";
import * as path from "node:path";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { toolVersion } from "../../campaign/sources.ts";
import { makeFolder, writeWhole } from "../../campaign/store.ts";
import { makeTerminal, shellWord } from "../terminal.ts";

export type InitArguments = { readonly folder: string; readonly color?: boolean | undefined };

export function initCommand(args: InitArguments): number {
  if (args.folder === "") throw new UsageError("init: the folder is empty. Give one, or none for the working folder.");
  const terminal = makeTerminal(args);
  const folder = path.resolve(args.folder);
  const files = { ...STARTER, ...(hasCompilerSettings(folder) ? {} : { "tsconfig.json": COMPILER_SETTINGS }) };
  const present = Object.keys(files).filter((name) => fs.existsSync(path.join(folder, name)));
  if (present.length > 0) {
    throw new UsageError(
      `${folder} has ${present.join(", ")} already, and init overwrites nothing. Choose another folder.`,
    );
  }
  const begun: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name);
      makeFolder(path.dirname(file));
      begun.push(file);
      fs.writeFileSync(file, text);
    }
    const names = [...Object.keys(files), ...(ignoreStore(folder) ? [".gitignore"] : [])];
    for (const name of names) terminal.out(`wrote ${path.join(args.folder, name)}\n`);
  } catch (error) {
    // All or nothing: what is left would be refused by the next init.
    for (const file of begun) if (fs.existsSync(file)) fs.rmSync(file);
    throw new UsageError(
      `${folder} cannot be written (${(error as NodeJS.ErrnoException).code}). Choose another folder.`,
    );
  }
  const go = folder === process.cwd() ? "" : `cd ${shellWord(args.folder)} && `;
  terminal.out(`\nNext: ${go}npx seedbed campaign register.scenario.ts --seeds 50\n`);
  return EXIT.held;
}

const IGNORED = [".seedbed/", "node_modules/"];

/** Results of campaigns and packages do not belong into git. Says whether there was anything to add. */
function ignoreStore(folder: string): boolean {
  const file = path.join(folder, ".gitignore");
  const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  const lines = before.split(/\r?\n/);
  const missing = IGNORED.filter((name) => !lines.includes(name) && !lines.includes(name.slice(0, -1)));
  if (missing.length === 0) return false;
  const start = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  writeWhole(file, `${start}${missing.join("\n")}\n`);
  return true;
}

/** Those of a project around the starter are the project's. */
function hasCompilerSettings(folder: string): boolean {
  if (fs.existsSync(path.join(folder, "tsconfig.json"))) return true;
  const parent = path.dirname(folder);
  return parent !== folder && hasCompilerSettings(parent);
}

/** `npx tsc` checks types alone: seedbed runs TypeScript as it is. */
const COMPILER_SETTINGS = `{
  "compilerOptions": { "module": "nodenext", "target": "es2023", "strict": true, "noEmit": true, "skipLibCheck": true }
}
`;

const SYSTEM = `/** A register on one node that survives crashes: what it answers is durable, and a write that arrives twice is applied once. */
import { type DatagramSocket, type File, type Host, jsonCodec, type Program } from "seedbed";

type Message = { readonly type: "write" | "written" | "read" | "value"; readonly id: number; readonly value: string | null };

/** What is on the disk: the value, and the newest write of each client. */
type State = { readonly version: number; readonly value: string | null; readonly newest: { readonly [client: string]: number } };

const PORT = 7000;
const EMPTY: State = { version: 0, value: null, newest: {} };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const register: Program = async (host) => {
  // Two slots take turns, so that a write torn by a power loss leaves the other one whole.
  const slots = [await host.disk.open("/a", { create: true }), await host.disk.open("/b", { create: true })] as const;
  await host.disk.syncDir("/");
  const stored = await Promise.all(slots.map(readSlot));
  let state = stored.reduce((x, y) => (y.version > x.version ? y : x), EMPTY);
  let last: Promise<void> = Promise.resolve();

  const write = async (client: string, { id, value }: Message): Promise<void> => {
    if (id <= (state.newest[client] ?? 0)) return;
    const next = { version: state.version + 1, value, newest: { ...state.newest, [client]: id } };
    const file = slots[next.version % 2]!;
    const body = JSON.stringify(next);
    await file.truncate(0);
    await file.write(0, encoder.encode(\`\${body}\\n\${body}\`));
    await file.sync();
    state = next;
  };

  const socket: DatagramSocket<Message> = host.net.open<Message>({
    port: PORT,
    codec: jsonCodec<Message>(),
    onMessage: async (message, from) => {
      if (message.type === "read") return socket.send(from, { type: "value", id: message.id, value: state.value });
      last = last.then(() => write(from.host, message));
      await last;
      socket.send(from, { type: "written", id: message.id, value: null });
    },
  });
};

/** A torn slot is found out by its two halves. After a kill the disk may show what was never synced: sync it before relying on it. */
async function readSlot(file: File): Promise<State> {
  await file.sync();
  const text = decoder.decode(await file.read({ offset: 0, length: await file.size() }));
  const [first, second] = text.split("\\n");
  return first === second ? (JSON.parse(first!) as State) : EMPTY;
}

/** The answer, or null after a timeout: then nobody knows whether a write happened. */
export function registerClient(host: Host, node: string): { ask(type: "read" | "write", value: string | null): Promise<Message | null> } {
  const waiting = new Map<number, (answer: Message) => void>();
  // Rising over all boots of this client: the register tells a new write from an old one by it.
  let nextId = host.boot.incarnation * 1_000_000;
  const socket = host.net.open<Message>({
    port: PORT,
    codec: jsonCodec<Message>(),
    onMessage: (message) => waiting.get(message.id)?.(message),
  });
  return {
    ask: (type, value) =>
      new Promise((resolve) => {
        const id = nextId++;
        const settle = (answer: Message | null): void => {
          waiting.delete(id);
          timer.cancel();
          resolve(answer);
        };
        const timer = host.timers.after(500_000, () => settle(null));
        waiting.set(id, settle);
        socket.send({ host: node, port: PORT }, { type, id, value });
      }),
  };
}
`;

const SCENARIO = `/** The register under crashes, power losses and a bad network: what clients see must be linearizable. */
import { linearizable, type PlannedOperation, scenario } from "seedbed";
import { register, registerClient } from "./register.js";

export const registerScenario = scenario({
  name: "register",
  title: "a register on one node that syncs before it answers",
  settings: {
    nodes: { kind: "choice", of: [1], about: "the one node" },
    clients: { kind: "integer", min: 2, max: 4, about: "client processes" },
  },
  faults: { kinds: ["kill", "power-loss", "pause", "loss", "delay", "duplicate", "partition"], intensityPerMille: 3000 },
  node: () => register,
  client: (host, { nodes }) => {
    const client = registerClient(host, nodes[0]!);
    return {
      invoke: async ({ f, value }) => {
        const answer = await client.ask(f === "write" ? "write" : "read", value === null ? null : String(value));
        if (answer === null) return f === "write" ? { type: "info", error: "no answer" } : { type: "fail", error: "no answer" };
        return f === "write" ? { type: "ok" } : { type: "ok", value: answer.value };
      },
    };
  },
  operations: (random, { clients }) =>
    Array.from({ length: 400 }, (_, i): PlannedOperation => {
      const isWrite = random.chance(500_000);
      const process = random.below(clients.length);
      return { process, afterUs: random.between(1_000, 30_000), f: isWrite ? "write" : "read", value: isWrite ? \`v\${i}\` : null };
    }),
  livenessOperations: (process) => [{ process, afterUs: 1_000, f: "read", value: null }],
  checks: [linearizable("register")],
  floors: { operationsMin: 20 },
});
`;

/** With a lock file packages are as committed and cached; without one the tool alone is fetched. */
function workflow(): string {
  return `name: seedbed
on: [push, pull_request]
permissions:
  contents: read
jobs:
  campaign:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: 22, cache: "\${{ hashFiles('package-lock.json') != '' && 'npm' || '' }}" }
      - run: if [ -f package-lock.json ]; then npm ci; else npm install --no-save seedbed@${toolVersion()}; fi
      # Repros in corpus/register.jsonl run first. Put one there: npx seedbed corpus add path/to/repro.json
      - run: npx seedbed campaign register.scenario.ts --seeds 200 --base "$GITHUB_SHA" --time-limit 10m --out seedbed-results
      - uses: actions/upload-artifact@v4
        if: failure()
        with: { name: seedbed-results, path: seedbed-results }
`;
}

const STARTER: { readonly [name: string]: string } = {
  "register.ts": SYSTEM,
  "register.scenario.ts": SCENARIO,
  ".github/workflows/seedbed.yml": workflow(),
};
