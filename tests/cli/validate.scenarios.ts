/** kv with one word of its protocol told wrongly: validation must notice, and say which. */
import { scenarios } from "../../scenarios/index.ts";
import { type Scenario, scenario } from "../../scenarios/scenario.ts";

const kv = scenarios.find(({ name }) => name === "kv")!;
const truth = kv.specification!;

/** The fifth heartbeat is told as one that promises far more than is committed. */
export const boasting: Scenario = scenario({
  ...kv,
  name: "kv-boasting",
  specification: {
    ...truth,
    observe: (control, context, tell) => {
      let count = 0;
      truth.observe(control, context, (observation) => {
        const isBoast = observation.event === "send-heartbeat" && ++count === 5;
        const [node, to, , round] = observation.args ?? [];
        tell(isBoast ? { ...observation, args: [node!, to!, 1_000_000, round!] } : observation);
      });
    },
  },
});
