import { expect, test } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { formatTraceRecord } from "../../sim/trace.ts";
import { GOLDEN_PROGRAMS, runGolden } from "./programs.ts";

test.each(Object.keys(GOLDEN_PROGRAMS))("%s has the digest that it always had", async (name) => {
  const { digest, events } = await withNodeEngine({}, (engine) => runGolden(name, engine));
  expect({ name, digest, events }).toMatchSnapshot();
});

test("the trace of the counter can be read", async () => {
  const { trace } = await withNodeEngine({}, (engine) => runGolden("counter", engine, true));
  expect(trace.filter(({ action }) => action.startsWith("host.")).map(formatTraceRecord)).toMatchSnapshot();
});

test("recording the trace, deep checks and the points of yield change no digest", async () => {
  for (const name of Object.keys(GOLDEN_PROGRAMS)) {
    const plain = await withNodeEngine({}, (engine) => runGolden(name, engine));
    const traced = await withNodeEngine({}, (engine) => runGolden(name, engine, true));
    const checked = await withNodeEngine({ isCheckingClaims: true }, (engine) => runGolden(name, engine));
    const yielding = await withNodeEngine({ yieldPolicy: { every: 1 } }, (engine) => runGolden(name, engine));
    const never = await withNodeEngine({ yieldPolicy: "never" }, (engine) => runGolden(name, engine));
    const digests = [traced, checked, yielding, never].map(({ digest }) => digest);
    expect(digests).toEqual([plain.digest, plain.digest, plain.digest, plain.digest]);
  }
});
