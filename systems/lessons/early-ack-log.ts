/**
 * Wrong on purpose. A log server appends each entry to a file, answers, and syncs the file now and then. What was acknowledged
 * between two syncs is gone after a power loss.
 *
 * The lesson: an acknowledgement promises durability, so the sync comes first. Group commit makes it cheap.
 */
import type { File, Host, Program } from "../../sim/host.ts";
import { openAsker } from "./ask.ts";

const PORT = 7000;
const CLIENT_PORT = 7001;
const SYNC_EVERY_US = 200_000;
const CLIENT_TIMEOUT_US = 300_000;
const PATH = "/log";

export function earlyAckLog(): Program {
  return async (host) => {
    const file = await host.disk.open(PATH, { create: true });
    await host.disk.syncDir("/");
    const items = await readItems(file);
    const syncNowAndThen = async (): Promise<void> => {
      for (;;) {
        await host.timers.sleep(SYNC_EVERY_US);
        await file.sync();
      }
    };
    host.spawn("sync", syncNowAndThen);
    openAsker(host, PORT, async (message, _from, answer) => {
      if (message.type === "append") {
        await file.append(new TextEncoder().encode(`${message.value}\n`));
        items.push(message.value!);
        answer({ type: "appended" });
      } else if (message.type === "read") answer({ type: "items", items: items.slice() });
    });
  };
}

async function readItems(file: File): Promise<string[]> {
  const bytes = await file.read({ offset: 0, length: await file.size() });
  const text = new TextDecoder().decode(bytes);
  return text.split("\n").slice(0, -1);
}

export function earlyAckLogClient(
  host: Host,
  server: string,
): { append(item: string): Promise<boolean>; read(): Promise<readonly string[] | null> } {
  const asker = openAsker(host, CLIENT_PORT);
  const to = { host: server, port: PORT };
  return {
    append: async (item) => (await asker.ask(to, { type: "append", value: item }, CLIENT_TIMEOUT_US)) !== null,
    read: async () => (await asker.ask(to, { type: "read" }, CLIENT_TIMEOUT_US))?.items ?? null,
  };
}
