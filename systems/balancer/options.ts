/** Every parameter of the balancer, with minuteman's values as defaults where it had one. */
import type { AddressBlock } from "./names.ts";

export type BalancerOptions = {
  /** The datagram port for packets of clients, of backends and for names. */
  readonly port: number;
  /** Named VIPs get addresses of this block: 11.0.0.0 to 11.255.255.254. */
  readonly names: AddressBlock;

  /** The publisher asks for the tasks of its node this often. */
  readonly pollUs: number;
  /** After failed polls or writes the pause doubles up to this, each time with jitter. */
  readonly pollBackoffUsMax: number;
  /** The whole table is computed again this often, whatever was or was not notified. */
  readonly reconcileUs: number;
  /** Each change of a table takes the kernel this long. */
  readonly stepUs: number;

  /** Time constant of the latency average. */
  readonly decayUs: number;
  /** Failures in a row that trip a breaker, and how long it stays tripped. */
  readonly failuresMax: number;
  readonly backoffUs: number;
  /** An open without an answer after this is a failure. */
  readonly connectTimeoutUs: number;
  /** A request without a reply after this is a failure. */
  readonly responseTimeoutUs: number;
  /** Sets up to this size are looked at whole; larger ones by at most `probesMax` draws. */
  readonly wholeScanMax: number;
  readonly probesMax: number;

  /** A connection on which nothing moves is forgotten after this. */
  readonly idleUs: number;
  /** Connections tracked at once; more are refused. */
  readonly connectionsMax: number;
};

const MS = 1_000;
const SECOND = 1_000_000;

export const BALANCER_DEFAULTS: BalancerOptions = {
  port: 9100,
  names: { first: 11 * 16_777_216, count: 16_777_215 },
  pollUs: 2 * SECOND,
  pollBackoffUsMax: 60 * SECOND,
  reconcileUs: 30 * SECOND,
  stepUs: 100,
  decayUs: 10 * SECOND,
  failuresMax: 5,
  backoffUs: 30 * SECOND,
  connectTimeoutUs: 400 * MS,
  responseTimeoutUs: 2 * SECOND,
  wholeScanMax: 10,
  probesMax: 20,
  idleUs: 120 * SECOND,
  connectionsMax: 28_232,
};
