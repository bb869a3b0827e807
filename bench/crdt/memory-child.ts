/** The process that memory.ts starts: loads the document on standard input and prints the bytes that it holds. */
import { readFileSync } from "node:fs";

type Memory = { readonly buffer: ArrayBuffer };
/** What is used of WebAssembly, which the types of Node do not declare. */
type Engine = {
  Instance: new (module: object, imports?: object) => { readonly exports: object };
  Memory: new () => Memory;
};

const memories: Memory[] = [];

/** Notes the memories of every module that is instantiated from here on. Before automerge is imported, or nothing is seen. */
function watchWebAssembly(): void {
  const engine = Reflect.get(globalThis, "WebAssembly") as Engine;
  engine.Instance = new Proxy(engine.Instance, {
    construct(target, [module, imports]: [object, object?]) {
      const instance = new target(module, imports);
      for (const exported of Object.values(instance.exports))
        if (exported instanceof engine.Memory) memories.push(exported);
      return instance;
    },
  });
}

function bytesHeld(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return memories.reduce((sum, memory) => sum + memory.buffer.byteLength, heapUsed + arrayBuffers);
}

watchWebAssembly();
const [subject, name] = process.argv.slice(2);
const { SUBJECTS } = await import("./subjects.ts");
const library = SUBJECTS.find((one) => one.name === subject)?.libraries.find((one) => one.name === name);
if (library === undefined) throw new Error(`there is no library "${name}" for "${subject}"`);
const saved = new Uint8Array(readFileSync(0));
library.load(library.create(1)[0]!.save()); // the code is compiled before memory is counted
const before = bytesHeld();
const held = library.load(saved);
const after = bytesHeld();
if (held === undefined) throw new Error("nothing was loaded");
process.stdout.write(`${after - before}\n`);
