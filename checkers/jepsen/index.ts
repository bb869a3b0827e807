/**
 * The public face of checkers/jepsen.
 */
export { jepsenCheckers } from "./registry.ts";
