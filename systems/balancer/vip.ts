/**
 * Virtual addresses and what stands behind them: their records, their texts, and the labels by which tasks ask for them.
 *
 * A VIP is a protocol, a host and a port; the host is an IPv4 address, or a name that the balancer gives an address. Texts are the
 * keys everywhere (in the replicated map, in tables, in observations), so a record has exactly one text.
 */

export type Protocol = "tcp" | "udp";

export type Vip = {
  readonly protocol: Protocol;
  /** An IPv4 address in dotted form, or a name in lower case. */
  readonly host: string;
  readonly port: number;
};

export type Backend = {
  /** The node that runs it and reports it. */
  readonly agent: string;
  readonly address: string;
  readonly port: number;
  /** 0 to 65535; 0 drains: no new connections, those that are open finish. */
  readonly weight: number;
};

export const WEIGHT_MAX = 65_535;
const PORT_MAX = 65_535;

/** A text that stands for no VIP, backend or label. */
export class VipError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "VipError";
  }
}

export function isIpv4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** `tcp/web.shop:80` */
export function vipText(vip: Vip): string {
  return `${vip.protocol}/${vip.host}:${vip.port}`;
}

/** Throws VipError for anything that vipText does not write. */
export function parseVip(text: string): Vip {
  const match = /^(tcp|udp)\/([a-z0-9._-]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? 0);
  const vip = match === null ? null : { protocol: match[1] as Protocol, host: match[2]!, port };
  if (vip === null || port < 1 || port > PORT_MAX || vipText(vip) !== text) {
    throw new VipError(`${JSON.stringify(text)} is no VIP: expected tcp/ or udp/, a host, ":" and a port.`);
  }
  return vip;
}

/** What names a backend whatever its weight: `n1/10.0.0.7:9001`. History and connections are kept under it. */
export function backendKey(backend: Backend): string {
  return `${backend.agent}/${backend.address}:${backend.port}`;
}

/** `n1/10.0.0.7:9001*1` */
export function backendText(backend: Backend): string {
  return `${backendKey(backend)}*${backend.weight}`;
}

/** Null for anything that backendText does not write. */
export function readBackend(text: string): Backend | null {
  const match = /^([^/:*]+)\/([^/:*]+):(0|[1-9]\d{0,4})\*(0|[1-9]\d{0,4})$/.exec(text);
  if (match === null) return null;
  const backend = { agent: match[1]!, address: match[2]!, port: Number(match[3]), weight: Number(match[4]) };
  return backend.port > PORT_MAX || backend.weight > WEIGHT_MAX ? null : backend;
}

/** As readBackend, throwing VipError. */
export function parseBackend(text: string): Backend {
  const backend = readBackend(text);
  if (backend === null)
    throw new VipError(`${JSON.stringify(text)} is no backend: expected agent/address:port*weight.`);
  return backend;
}

/**
 * The VIP that a label of a task's port asks for: `/web:80` is the name web of the task's framework, `10.1.2.3:80` an address. Null for any
 * other text.
 */
export function readVipLabel(
  label: string,
  port: { readonly protocol: Protocol; readonly framework: string },
): Vip | null {
  const match = /^(\/?)([a-z0-9._-]+):(\d{1,5})$/.exec(label);
  if (match === null) return null;
  const number = Number(match[3]);
  const host = match[2]!;
  const isName = match[1] === "/";
  if (number < 1 || number > PORT_MAX || isName === isIpv4(host)) return null;
  return { protocol: port.protocol, host: isName ? `${host}.${port.framework}` : host, port: number };
}
