/**
 * The topology: hosts, the links between them, and the rules on the links.
 *
 * A link is made at its first use. What holds on it is compiled when a rule that concerns it comes or goes, so that a packet
 * only looks it up; links without rules and properties of their own share one record.
 */
import type { Kernel } from "../kernel.ts";
import { type FlowStart, type Link, makeLink } from "./link.ts";
import type { NetHost } from "./net-host.ts";
import { checkLinkProperties, checkRuleProperties, LOOPBACK, type LinkProperties } from "./properties.ts";
import { compileEffective, compileRule, type Effective, type Rule, type RuleOptions, ruleIsOn } from "./rule.ts";

export class Topology {
  readonly #kernel: Kernel;
  readonly #own: LinkProperties;
  readonly #hosts: NetHost[] = [];
  readonly #hostsByName: Map<string, NetHost> = new Map();
  readonly #links: Link[] = [];
  readonly #overrides: Map<string, LinkProperties> = new Map();
  #rules: Rule[] = [];
  /** Shared by every link that has no rule and no property of its own. */
  readonly #plain: Effective;
  readonly #loopback: Effective = compileEffective(LOOPBACK, []);
  #flowCount = 0;
  /** Called for a link with held packets when nothing holds them any more. */
  onReleased: (link: Link) => void = () => {};

  /** Throws RangeError for a property out of bounds. */
  constructor(kernel: Kernel, own: LinkProperties) {
    checkLinkProperties(own, "link");
    this.#kernel = kernel;
    this.#own = own;
    this.#plain = compileEffective(own, []);
  }

  /** Throws RangeError when there is a host of that name. */
  addHost(host: NetHost): void {
    if (this.#hostsByName.has(host.name))
      throw new RangeError(`The network already has a host ${JSON.stringify(host.name)}.`);
    this.#hosts[host.index] = host;
    this.#hostsByName.set(host.name, host);
  }

  hostAt(index: number): NetHost {
    return this.#hosts[index]!; // indexes come from hosts that were added
  }

  /** The link to a host, made at its first use; undefined when there is no such host. */
  linkTo(from: NetHost, name: string): Link | undefined {
    return from.linksByName.get(name) ?? this.#makeLink(from, name);
  }

  /** Datagrams sent so far on all links, lost ones included. */
  get datagramsSent(): number {
    let sent = 0;
    for (const host of this.#hosts) for (const link of host.linksByName.values()) sent += link.flow.nextOrdinal;
    return sent;
  }

  /** What a new flow needs: a consumer of that name and a number. */
  flowStart(consumerName: string): FlowStart {
    return { number: this.#flowCount++, consumer: this.#kernel.consumer(consumerName) };
  }

  /** Gives one direction of one link properties of its own, from now on. */
  setLink(fromName: string, toName: string, properties: Partial<LinkProperties>): void {
    const from = this.#known(fromName);
    const to = this.#known(toName);
    const key = `${from.name}>${to.name}`;
    const own = { ...(this.#overrides.get(key) ?? this.#own), ...properties };
    checkLinkProperties(own, `link ${key}`);
    this.#overrides.set(key, own);
    const link = from.linksByName.get(to.name);
    if (link === undefined) return;
    link.own = own;
    this.#refresh(link);
  }

  /** Puts a rule on its links and returns what takes it off again. Throws RangeError for an unknown host or a senseless number. */
  addRule(options: RuleOptions): () => void {
    checkRuleProperties(options.props, `rule of ${options.fault?.kind ?? "the scenario"}`);
    const rule = compileRule(options, (name) => this.#known(name).index);
    this.#rules.push(rule);
    this.#refreshLinksOf(rule);
    return () => {
      if (!this.#rules.includes(rule)) return;
      this.#rules = this.#rules.filter((other) => other !== rule);
      this.#refreshLinksOf(rule);
    };
  }

  #known(name: string): NetHost {
    const host = this.#hostsByName.get(name);
    if (host !== undefined) return host;
    const known = this.#hosts.map((other) => other.name).join(", ");
    throw new RangeError(`The network has no host ${JSON.stringify(name)} (hosts are ${known}).`);
  }

  #makeLink(from: NetHost, name: string): Link | undefined {
    const to = this.#hostsByName.get(name);
    if (to === undefined) return undefined;
    const isLoopback = from === to;
    const own = isLoopback ? LOOPBACK : (this.#overrides.get(`${from.name}>${to.name}`) ?? this.#own);
    const link = makeLink(
      from,
      to,
      own,
      isLoopback ? this.#loopback : this.#plain,
      this.flowStart(`net/${from.name}>${name}`),
    );
    from.linksByName.set(name, link);
    to.linksIn.push(link);
    this.#links.push(link);
    if (!isLoopback && (this.#rules.length > 0 || own !== this.#own)) this.#refresh(link);
    return link;
  }

  #refreshLinksOf(rule: Rule): void {
    for (const link of this.#links) if (ruleIsOn(rule, link)) this.#refresh(link);
  }

  #refresh(link: Link): void {
    const rules = this.#rules.filter((rule) => ruleIsOn(rule, link));
    const isPlain = rules.length === 0 && link.own === this.#own;
    link.effective = isPlain ? this.#plain : compileEffective(link.own, rules);
    if (link.held.length > 0 && link.effective.hold === null) this.onReleased(link);
  }
}
