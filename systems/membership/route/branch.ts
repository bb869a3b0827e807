/** Trees as messages carry them: each node gets the part below it. */
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import type { Branch } from "../membership.ts";
import { sizeOfText, sizeOfUint } from "../wire.ts";

export function makeBranch(node: string, children: readonly Branch[]): Branch {
  return { node, children, sizeBytes: sizeOfText(node) + sizeOfBranches(children) };
}

export function sizeOfBranches(branches: readonly Branch[]): number {
  let sizeBytes = sizeOfUint(branches.length);
  for (const branch of branches) sizeBytes += branch.sizeBytes;
  return sizeBytes;
}

export function writeBranches(writer: ByteWriter, branches: readonly Branch[]): void {
  writer.uint(branches.length);
  for (const { node, children } of branches) {
    writer.text(node);
    writeBranches(writer, children);
  }
}

export function readBranches(reader: ByteReader): readonly Branch[] {
  const branches: Branch[] = [];
  const count = reader.count("the number of branches", 2);
  for (let i = 0; i < count; i++) {
    const node = reader.text("the node of a branch");
    branches.push(makeBranch(node, readBranches(reader)));
  }
  return branches;
}
