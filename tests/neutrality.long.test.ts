/** As neutrality.test.ts, over more scenarios. */
import { testNeutrality } from "./neutrality.ts";

testNeutrality([
  ["kv", "neutral/2"],
  ["kv-partitions", "neutral/1"],
  ["kv-disk", "neutral/1"],
  ["kv-clocks", "neutral/1"],
  ["crdt-sets", "neutral/1"],
  ["crdt-tree", "neutral/1"],
  ["balancer", "neutral/1"],
  ["membership", "neutral/1"],
]);
