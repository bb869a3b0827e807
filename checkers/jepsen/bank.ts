/**
 * A bank: transfers move money, every read of all accounts shows the same total.
 *
 * Snapshot isolation is enough for that. Accounts and total are taken from the first read unless options give them.
 */
import { fieldText, numberOf } from "../marked-values.ts";
import { HistoryError, type PlainJson, show } from "../history.ts";
import {
  booleanOption,
  type CheckerOptions,
  demandKnownOptions,
  integerOption,
  listOption,
  type NamedChecker,
  OptionError,
} from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { type Call, conclude, nameCall, onCalls, type Violation, valueOfCall } from "./support.ts";

const OPTIONS = {
  accounts: "names of the accounts, with commas between (those of the first read)",
  "total-amount": "what all accounts hold together (the total of the first read)",
  "negative-balances": "true: an account may be overdrawn (false)",
};

export const bank: NamedChecker = {
  name: "bank",
  summary: "transfers between accounts: every read shows the same total, no unknown account and no debt",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    return onCalls("bank", history, (calls) => checkBank(calls, options));
  },
};

type Balances = readonly (readonly [string, number | null])[];

function balancesOf(call: Call): Balances {
  const value = valueOfCall(call);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new HistoryError(0, `balances by account (event ${call.completion?.index})`, show(value));
  }
  return Object.entries(value as { readonly [account: string]: PlainJson }).map(([account, balance]) => {
    const number = numberOf(balance);
    if (balance !== null && number === undefined) {
      throw new HistoryError(0, `a number as balance (event ${call.completion?.index})`, show(balance));
    }
    return [fieldText(account), number ?? null] as const;
  });
}

function totalOf(balances: Balances): number {
  return balances.reduce((sum, [, balance]) => sum + (balance ?? 0), 0);
}

function accountsOption(options: CheckerOptions): readonly string[] | undefined {
  const given = options["accounts"];
  if (!Array.isArray(given)) return listOption(options, "accounts");
  return (given as readonly PlainJson[]).map((account) => {
    if (typeof account === "number" || typeof account === "string") return String(account);
    throw new OptionError(`option accounts: expected names or numbers, found ${show(account)}.`);
  });
}

function checkBank(calls: readonly Call[], options: CheckerOptions): Verdict {
  const reads = calls.filter((call) => call.invoke.f === "read" && call.outcome === "ok");
  const allowsDebt = booleanOption(options, "negative-balances", false);
  const named = accountsOption(options);
  if (reads.length === 0) {
    const unknown = "no read completed";
    return conclude({ checker: "bank", property: "bank", calls, violations: [], unknown, details: null });
  }
  // Reads are in order of invocation; the one that completed first sets the standard.
  const first = reads.reduce((left, right) => (left.completion!.index < right.completion!.index ? left : right));
  const accounts = new Set(named ?? balancesOf(first).map(([account]) => account));
  const total = integerOption(options, "total-amount", totalOf(balancesOf(first)), Number.MIN_SAFE_INTEGER);
  const violations: Violation[] = [];
  const counts: Record<string, number> = {};
  let lowest = total;
  let highest = total;
  for (const read of reads) {
    const balances = balancesOf(read);
    const problem = problemWith(balances, { accounts, total, allowsDebt });
    if (problem === undefined) continue;
    counts[problem.type] = (counts[problem.type] ?? 0) + 1;
    lowest = Math.min(lowest, totalOf(balances));
    highest = Math.max(highest, totalOf(balances));
    violations.push({ sentence: `${nameCall(read)} ${problem.text}.`, calls: [read] });
  }
  const details: PlainJson = { reads: reads.length, errors: violations.length, counts, total, lowest, highest };
  return conclude({ checker: "bank", property: "a constant total", calls, violations, details });
}

type Rules = { readonly accounts: ReadonlySet<string>; readonly total: number; readonly allowsDebt: boolean };

/** The worst that is wrong with one read. */
function problemWith(
  balances: Balances,
  { accounts, total, allowsDebt }: Rules,
): { type: string; text: string } | undefined {
  const unexpected = balances.filter(([account]) => !accounts.has(account)).map(([account]) => account);
  if (unexpected.length > 0)
    return { type: "unexpected-key", text: `shows accounts that do not exist: ${show(unexpected)}` };
  const missing = [...accounts].filter((account) => !balances.some(([name]) => name === account));
  const nils = balances.filter(([, balance]) => balance === null).map(([account]) => account);
  if (nils.length > 0) return { type: "nil-balance", text: `shows no balance for ${show(nils)}` };
  const sum = totalOf(balances);
  if (sum !== total) {
    const without = missing.length > 0 ? `, without the accounts ${show(missing)}` : "";
    return { type: "wrong-total", text: `shows a total of ${sum} instead of ${total}${without}` };
  }
  const debts = balances
    .filter(([, balance]) => (balance ?? 0) < 0)
    .map(([account, balance]) => `${account}: ${balance}`);
  if (!allowsDebt && debts.length > 0) return { type: "negative-value", text: `shows debts: ${debts.join(", ")}` };
  return undefined;
}
