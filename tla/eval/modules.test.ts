/** What a module sees of another, and what INSTANCE may substitute. */
import { describe, expect, it } from "vitest";
import { checkNames, checkSpecification, describeError, TlaError } from "../index.ts";

const body = "VARIABLE x\nInit == x = 0\nNext == x' = x";
const config = "INIT Init\nNEXT Next\n";

/** The verdict on module M, which has `head` and then `text`; or why it is refused. */
function answer(head: string, text: string, others: Readonly<Record<string, string>>, more = ""): string {
  const load = (name: string): string | undefined => {
    if (name === "M") return `---- MODULE M ----\n${head}\n${body}\n${text}\n====`;
    return Object.hasOwn(others, name) ? `---- MODULE ${name} ----\n${others[name]}\n====` : undefined;
  };
  try {
    const source = { load, spec: "M", config: config + more };
    checkNames(source);
    return checkSpecification(source).verdict;
  } catch (error) {
    if (!(error instanceof TlaError)) throw error;
    return describeError(error);
  }
}

describe("LOCAL", () => {
  const hidden = {
    In: "LOCAL INSTANCE Integers\nLOCAL Own == 1\nLOCAL f[i \\in {1}] == i\nLOCAL J == INSTANCE Naturals\nSeen == Own + f[1]",
  };

  it.each(["P == 1 + 1", "P == Own", "P == f[1]", "P == J!Nat", "P == Int"])("is not seen by EXTENDS: %s", (text) => {
    expect(answer("EXTENDS In", text, hidden)).toMatch(/unknown|is not an instance/);
  });

  it.each(["P == I!Own", "P == I!f[1]", "P == I!J!Nat", "P == I!Int", "P == I!+(1, 1)"])(
    "is not seen behind a name: %s",
    (text) => {
      expect(answer("I == INSTANCE In", text, hidden)).toMatch(/that is seen from outside|unknown instance/);
    },
  );

  it("is seen where it stands, and may be given another meaning elsewhere", () => {
    expect(answer("EXTENDS In", "Own == 7\nP == Own = 7 /\\ Seen = 2", hidden, "INVARIANT P")).toBe("held");
    expect(answer("EXTENDS In, Integers", "P == Seen + 1 = 3", hidden, "INVARIANT P")).toBe("held");
    expect(answer("EXTENDS Integers\nLOCAL INSTANCE Naturals", "P == 1 - 2 = -1", hidden, "INVARIANT P")).toBe("held");
    expect(
      answer(
        "EXTENDS Mid",
        "P == Seen + 1 = 3",
        { ...hidden, Mid: "LOCAL INSTANCE Integers\nINSTANCE In\nEXTRA == 1" },
        "INVARIANT P",
      ),
    ).toMatch(/unknown operator \+/);
  });
});

describe("INSTANCE", () => {
  const declaring = {
    In: "CONSTANT c\nVARIABLE v\nSum == <<c, v>>\nInner == INSTANCE Deep",
    Deep: "VARIABLE v\nIs == v",
  };

  it("shows what a module defines, not what it declares or what stands around it", () => {
    const instance = "I == INSTANCE In WITH c <- 1, v <- x";
    expect(answer("", `${instance}\nP == I!Sum = <<1, x>> /\\ I!Inner!Is = x`, declaring, "INVARIANT P")).toBe("held");
    expect(answer("", `${instance}\nP == I!Next`, declaring)).toMatch(/the instance I has no Next that is seen/);
  });

  it.each([
    ["I == INSTANCE In WITH c <- 1, v <- x, w <- 2", /module In declares no constant or variable w/],
    ["I == INSTANCE In WITH c <- 1, v <- x, Sum <- 2", /module In declares no constant or variable Sum/],
    ["I == INSTANCE In WITH c <- 1, c <- 2, v <- x", /c is substituted twice/],
    ["I == INSTANCE In WITH c <- 1", /gives no value to v/],
    ["I == INSTANCE Integers WITH c <- 1", /module Integers declares no constant or variable c/],
  ])("%s is refused", (text, message) => {
    expect(answer("", text, declaring)).toMatch(message);
  });

  it("substitutes for what an extended module declares", () => {
    const others = { ...declaring, Ext: "EXTENDS In\nMore == Sum" };
    expect(answer("", "I == INSTANCE Ext WITH c <- 1, v <- x\nP == I!More = <<1, x>>", others, "INVARIANT P")).toBe(
      "held",
    );
  });
});

describe("a circle of modules is refused by name", () => {
  it.each([
    ["EXTENDS M", {}, "M, M"],
    ["EXTENDS A", { A: "EXTENDS B", B: "EXTENDS A" }, "A, B, A"],
    ["I == INSTANCE A", { A: "I == INSTANCE A" }, "A, A"],
    ["EXTENDS A", { A: "I == INSTANCE M" }, "M, A, M"],
    ["INSTANCE A", { A: "LOCAL INSTANCE B", B: "EXTENDS A" }, "A, B, A"],
  ] as const)("%s", (head, others, circle) => {
    expect(answer(head, "", others)).toMatch(new RegExp(`a module cannot extend or instantiate itself: ${circle}$`));
  });
});
