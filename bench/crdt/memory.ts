/**
 * What a loaded document holds in memory, by a process of its own for each figure: JavaScript heap and buffers after collection, and the
 * linear memory of WebAssembly, which never shrinks (so automerge's figure has its scratch memory in it).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Bytes. `subject` and `library` name an entry of the table in memory-child.ts. */
export function memoryOf(subject: string, library: string, saved: Uint8Array): number {
  const [boot, child] = ["../../runtime/boot.mjs", "./memory-child.ts"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", boot!, child!, subject, library], {
    input: saved,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the memory of ${library} was not measured: ${stderr}`);
  return Number(stdout);
}
