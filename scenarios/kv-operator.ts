/** The operator of the store: a user who hands the lead to another member now and then, as before maintenance, with a client of its own. */
import { Random } from "../sim/random.ts";
import type { Host, HostRandom } from "../sim/host.ts";
import type { KvClient } from "../systems/kv/client.ts";
import type { ScenarioContext, SettingsSpec } from "./scenario.ts";

/** A run never needs more; it bounds what a client host that boots late goes on with after the chaos phase. */
const TRANSFERS_MAX = 30;

export const OPERATOR_SETTINGS: SettingsSpec = {
  transferEveryUs: {
    kind: "choice",
    of: [0, 0, 0, 0, 150_000, 600_000],
    about: "the lead is handed to another member after pauses of up to twice this; 0: never",
  },
  transferDraw: { kind: "integer", min: 1, max: 1_000_000, about: "when, and to whom" },
};

/** Runs on the host of the first client. `open` makes a client that draws from the stream it is given, so that others keep theirs. */
export function operate(host: Host, context: ScenarioContext, open: (random: HostRandom) => KvClient): void {
  const { settings, nodes, clients } = context;
  const everyUs = Number(settings["transferEveryUs"]);
  if (everyUs === 0 || nodes.length === 1 || host.name !== clients[0]) return;
  const random = new Random(String(settings["transferDraw"]), `transfers/${host.boot.incarnation}`);
  const client = open(random.fork("client"));
  host.spawn("operator", async () => {
    for (let i = 0; i < TRANSFERS_MAX && host.clock.monotonicUs() < Number(settings["chaosUs"]); i += 1) {
      await host.timers.sleep(random.between(1, 2 * everyUs));
      await client.transferLeadership(random.between(1, nodes.length));
    }
  });
}
