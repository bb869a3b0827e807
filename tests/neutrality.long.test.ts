/** As neutrality.test.ts, over every scenario that runs by default. */
import { selectScenarios } from "../campaign/catalog.ts";
import { testNeutrality } from "./neutrality.ts";

const selected = await selectScenarios({ arguments: [] });
testNeutrality(selected.map(({ scenario }) => [scenario.name, "neutral/2"]));
