/**
 * Memory that was somebody else's: Node hands out small buffers as parts of a pool that the whole process shares, and unsafe ones with
 * whatever was there before. In a run every buffer has memory of its own, and it is zero.
 */
import { type Replace, simulate } from "./kit.ts";

export function guardMemory(replace: Replace): void {
  for (const name of ["allocUnsafe", "allocUnsafeSlow"])
    replace(
      Buffer,
      name,
      simulate((_owner, _self, [size]) => Buffer.alloc(size as number)),
    );
}

/** Takes the pool away: where a buffer begins, and what lies around it, would depend on all that ran in this process. */
export function takePool(): () => void {
  const { poolSize } = Buffer;
  Buffer.poolSize = 0;
  return () => {
    Buffer.poolSize = poolSize;
  };
}
