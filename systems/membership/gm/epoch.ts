/**
 * The epoch of a node: larger at every boot than at any boot before it, as far as its disk and its clock can tell.
 *
 * It is durable before anything that carries it is sent. A node that lost its disk and whose clock went back as well begins with an
 * epoch that was used before; it learns so from the others, who hold a newer record of it, and then goes above that one.
 */
import type { Host } from "../../../sim/host.ts";
import { ByteReader, ByteWriter, DecodeError } from "../../crdt/bytes.ts";
import { frame, readFrames } from "../../crdt/replication/frame.ts";
import { FILE_KIND, labelled, makeFolder, readWhole, replaceFile, unlabelled } from "../files.ts";

const NAME = "epoch";

/** The epoch on the disk; 0 when there is none, or none that can be read. */
export async function loadEpoch(host: Host, folder: string): Promise<number> {
  await makeFolder(host, folder);
  const bytes = await readWhole(host, `${folder}/${NAME}`);
  const { payloads } = readFrames(bytes);
  const payload = payloads[0] === undefined ? null : unlabelled(FILE_KIND.epoch, payloads[0]);
  if (payload === null) {
    if (bytes.length > 0) host.mark("gm.epoch-damaged");
    return 0;
  }
  try {
    return new ByteReader(payload).uint("the epoch");
  } catch (error) {
    if (error instanceof DecodeError) return 0;
    throw error;
  }
}

/** The epoch after all that were used: at least the wall clock in seconds. Durable when the promise resolves. */
export async function raiseEpoch(host: Host, folder: string, usedMax: number): Promise<number> {
  const epoch = Math.max(Math.floor(host.clock.wallUs() / 1_000_000), usedMax) + 1;
  const writer = new ByteWriter();
  writer.uint(epoch);
  await replaceFile(host, { folder, name: NAME }, frame(labelled(FILE_KIND.epoch, writer.finish())));
  return epoch;
}
