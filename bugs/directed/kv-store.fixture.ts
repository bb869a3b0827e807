/** The store's state machine of any root, fed with commands one after the other, as a log would. */
import type { Command } from "../../systems/kv/command.ts";
import type { SessionLimits } from "../../systems/kv/sessions.ts";
import type { CommandResult, KvStore } from "../../systems/kv/store.ts";
import { load } from "./script.fixture.ts";

export type LoadedStore = {
  readonly store: KvStore;
  /** Applies the command as the next entry, from index 1 on. */
  commit(command: Command): CommandResult;
};

export async function openStore(
  root: string,
  limits: SessionLimits,
  onApplied: (index: number, result: CommandResult, command: Command) => void = () => undefined,
): Promise<LoadedStore> {
  const { KvStore } = await load<typeof import("../../systems/kv/store.ts")>(root, "systems/kv/store.ts");
  const { encodeCommand } = await load<typeof import("../../systems/kv/command.ts")>(root, "systems/kv/command.ts");
  let last: CommandResult | null = null;
  const store = new KvStore(limits, {
    onApplied: (entry, result, command) => {
      last = result;
      onApplied(entry.index, result, command);
    },
    onRestored: () => undefined,
    mark: () => undefined,
  });
  let index = 0;
  const commit = (command: Command): CommandResult => {
    index += 1;
    store.apply({ index, term: 1, data: encodeCommand(command), checksum: 0 });
    return last!; // applied just now
  };
  return { store, commit };
}
