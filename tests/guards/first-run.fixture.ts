/** Run in a fresh process, without warnings: what Node loads at the first use of a stream must be there before the guards. */
import { simulated } from "./rig.ts";

const { value, error } = await simulated(async () => {
  const numbers: number[] = [];
  const stream = new ReadableStream<number>({
    start: (controller) => {
      for (const number of [1, 2]) controller.enqueue(number);
      controller.close();
    },
  });
  for await (const number of stream as unknown as AsyncIterable<number>) numbers.push(number);
  const decoded = new Blob(["body"]).stream().pipeThrough(new TextDecoderStream() as never);
  const text = await new Response(decoded.pipeThrough(new TextEncoderStream() as never)).text();
  let length = 0;
  for await (const chunk of new Blob(["x".repeat(100_000)]).stream() as unknown as AsyncIterable<Uint8Array>)
    length += chunk.length;
  const { textStream } = Blob.prototype as { textStream?: () => AsyncIterable<string> };
  let said = textStream === undefined ? "in two" : "";
  if (textStream !== undefined) for await (const part of textStream.call(new Blob(["in ", "two"]))) said += part;
  return [numbers.join(" "), text, said, length, await new Response(new Blob(["of a blob"])).text()];
});
process.stdout.write(`${JSON.stringify({ value, error })}\n`);
