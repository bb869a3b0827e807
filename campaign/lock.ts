/**
 * One process at a time writes into the folder of a campaign. The lock is a file that names its process; a process that was killed
 * leaves it behind, and the next one takes it over. A network folder that two machines share is not watched across machines: there a
 * lock that the other machine left has to be removed by hand.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { UsageError } from "./errors.ts";

type Holder = { readonly pid: number; readonly started: string | null; readonly machine: string };

/** Takes the lock of a folder and returns what releases it. Throws UsageError when another process holds it. */
export function lockFolder(folder: string): () => void {
  const file = path.join(folder, "lock");
  const mine: Holder = { pid: process.pid, started: startOf(process.pid), machine: os.hostname() };
  const text = `${JSON.stringify(mine)}\n`;
  if (!create(file, text)) takeOver(file, text);
  return () => {
    try {
      if (fs.readFileSync(file, "utf8") === text) fs.rmSync(file);
    } catch {
      // Gone already, with its folder: there is nothing to release.
    }
  };
}

/** False when there is one. The file appears with its content: nobody ever reads half a lock. */
function create(file: string, text: string): boolean {
  const whole = `${file}.${process.pid}`;
  fs.writeFileSync(whole, text);
  try {
    fs.linkSync(whole, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    // A file system without hard links.
    return createExclusively(file, text);
  } finally {
    fs.rmSync(whole, { force: true });
  }
}

function createExclusively(file: string, text: string): boolean {
  try {
    fs.writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Of two that find the same dead lock only one gets to remove it: the guard is a lock of its own, held for an instant. */
function takeOver(file: string, text: string): void {
  const guard = `${file}.takeover`;
  const holder = readHolder(file);
  if (holder !== null && isAlive(holder)) throw held(file, holder);
  if (!create(guard, text)) throw held(guard, readHolder(guard));
  try {
    const present = readHolder(file);
    if (present !== null && isAlive(present)) throw held(file, present);
    fs.rmSync(file, { force: true });
    if (!create(file, text)) throw held(file, readHolder(file));
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

function held(file: string, holder: Holder | null): UsageError {
  const who = holder === null ? "Another process" : `Process ${holder.pid} on ${holder.machine}`;
  return new UsageError(
    `${who} is at the campaign in ${path.dirname(file)}. Wait for its end, or choose another folder. (If there is no such process any more, remove ${file}.)`,
  );
}

/** Null for a lock that is gone or damaged: nobody holds it. */
function readHolder(file: string): Holder | null {
  try {
    const value = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Holder> | null;
    const { pid, started = null, machine } = value ?? {};
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof machine !== "string") return null;
    return { pid: pid!, started, machine };
  } catch {
    return null;
  }
}

function isAlive({ pid, started, machine }: Holder): boolean {
  if (machine !== os.hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  // The number may belong to another process by now.
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

/** When a process started, in ticks since boot; null where the platform does not tell. */
function startOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
