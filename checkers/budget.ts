/**
 * Budgets: how much a check may spend before it says unknown.
 *
 * Counted in steps and bytes, not in wall time, so that a verdict is the same on every machine. A Meter is handed to
 * models too: a step that does much work spends it there, and the budget holds inside that step.
 */

export type Budget = {
  /** Configurations expanded, model steps taken, and whatever a model adds. */
  readonly stepsMax: number;
  /** Bytes held by the search's own tables. */
  readonly bytesMax: number;
};

export const DEFAULT_BUDGET: Budget = { stepsMax: 100_000_000, bytesMax: 1_073_741_824 };

/** Thrown by a Meter whose budget is spent; checkers turn it into an unknown verdict. */
export class BudgetSpent extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "BudgetSpent";
  }
}

export class Meter {
  readonly budget: Budget;
  // Invariant: both stay within the budget, or BudgetSpent has been thrown.
  #steps = 0;
  #bytes = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  get steps(): number {
    return this.#steps;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws BudgetSpent when the steps are used up. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.budget.stepsMax) throw new BudgetSpent(`stopped after ${this.budget.stepsMax} steps`);
  }

  /** Accounts for a table that grows (or shrinks, when negative). Throws BudgetSpent when it would not fit. */
  hold(bytes: number): void {
    if (this.#bytes + bytes > this.budget.bytesMax) {
      throw new BudgetSpent(`stopped at ${this.#bytes} bytes: the next table would pass ${this.budget.bytesMax}`);
    }
    this.#bytes += bytes;
  }
}
