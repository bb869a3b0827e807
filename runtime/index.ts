/** Node as the engine of worlds that one drives oneself: what `Control` of `seedbed/sim` needs and cannot bring, being free of Node. */
export type { YieldPolicy } from "./barrier.ts";
export { type NodeEngineOptions, withNodeEngine } from "./engine.ts";
