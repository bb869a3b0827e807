/** What routes can be told; the defaults are lashup's. */

export type RouteOptions = {
  /** Changes of the reachable set are told at once this many times, then one for each `advertiseUs`. */
  readonly advertiseBurst: number;
  readonly advertiseUs: number;
  /** Trees kept, by root. */
  readonly treesMax: number;
};

export const ROUTE_DEFAULTS: RouteOptions = { advertiseBurst: 5, advertiseUs: 225_000, treesMax: 16 };
