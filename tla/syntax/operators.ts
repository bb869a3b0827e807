/**
 * The operators of TLA+: spelling, precedence range, associativity.
 *
 * Source: L. Lamport, Specifying Systems, section 15.2.1, tables 5 and 6. An expression whose two operators have
 * overlapping ranges is an error unless both are the same left-associative operator.
 */

export type Fixity = "prefix" | "infix" | "postfix";
export type OperatorInfo = {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly isLeft: boolean;
};

const infixTable = `
=> 1 1 n|-+-> 2 2 n|<=> 2 2 n|~> 2 2 n|/\\ 3 3 l|\\/ 3 3 l|
= 5 5 n|# 5 5 n|< 5 5 n|> 5 5 n|=< 5 5 n|>= 5 5 n|\\in 5 5 n|\\notin 5 5 n|\\subseteq 5 5 n|\\subset 5 5 n|
\\supseteq 5 5 n|\\supset 5 5 n|\\sqsubseteq 5 5 n|\\sqsubset 5 5 n|\\sqsupseteq 5 5 n|\\sqsupset 5 5 n|
\\prec 5 5 n|\\preceq 5 5 n|\\succ 5 5 n|\\succeq 5 5 n|\\ll 5 5 n|\\gg 5 5 n|\\sim 5 5 n|\\simeq 5 5 n|\\approx 5 5 n|
\\cong 5 5 n|\\doteq 5 5 n|\\asymp 5 5 n|\\propto 5 5 n|:= 5 5 n|::= 5 5 n|\\|- 5 5 n|-\\| 5 5 n|\\|= 5 5 n|=\\| 5 5 n|
\\cdot 5 14 l|@@ 6 6 l|:> 7 7 n|<: 7 7 n|\\ 8 8 n|\\cup 8 8 l|\\cap 8 8 l|
.. 9 9 n|... 9 9 n|!! 9 13 n|## 9 13 l|$ 9 13 l|$$ 9 13 l|?? 9 13 l|\\uplus 9 13 l|\\sqcap 9 13 l|\\sqcup 9 13 l|\\wr 9 14 n|
+ 10 10 l|++ 10 10 l|(+) 10 10 l|% 10 11 n|%% 10 11 l|\\| 10 11 l|\\|\\| 10 11 l|- 11 11 l|-- 11 11 l|(-) 11 11 l|
\\X 10 13 l|* 13 13 l|** 13 13 l|/ 13 13 n|// 13 13 n|& 13 13 l|&& 13 13 l|\\o 13 13 l|\\div 13 13 n|\\star 13 13 l|
\\bullet 13 13 l|\\bigcirc 13 13 l|(.) 13 13 l|(/) 13 13 n|(\\X) 13 13 l|^ 14 14 n|^^ 14 14 n`;

const prefixTable = "~ 4 4|[] 4 15|<> 4 15|ENABLED 4 15|UNCHANGED 4 15|SUBSET 10 13|UNION 10 13|DOMAIN 10 13|-. 12 12";
const postfixTable = "' 15 15|^+ 15 15|^* 15 15|^# 15 15";

function readTable(table: string): Map<string, OperatorInfo> {
  const entries = new Map<string, OperatorInfo>();
  for (const cell of table.replaceAll("\n", "").split(/(?<!\\)\||(?<=[a-z0-9] [nl])\|/)) {
    const [spelled, low, high, assoc] = cell.trim().split(" ");
    if (spelled === undefined || low === undefined) continue;
    const name = spelled.replaceAll("\\|", "|");
    entries.set(name, { name, low: Number(low), high: Number(high), isLeft: assoc === "l" });
  }
  return entries;
}

export const infixOperators: ReadonlyMap<string, OperatorInfo> = readTable(infixTable);
export const prefixOperators: ReadonlyMap<string, OperatorInfo> = readTable(prefixTable);
export const postfixOperators: ReadonlyMap<string, OperatorInfo> = readTable(postfixTable);

/** Spellings that mean the same operator: the value is the name used everywhere after the lexer. */
export const synonyms: ReadonlyMap<string, string> = new Map([
  ["\\land", "/\\"],
  ["\\lor", "\\/"],
  ["\\lnot", "~"],
  ["\\neg", "~"],
  ["\\equiv", "<=>"],
  ["/=", "#"],
  ["\\neq", "#"],
  ["<=", "=<"],
  ["\\leq", "=<"],
  ["\\geq", ">="],
  ["\\union", "\\cup"],
  ["\\intersect", "\\cap"],
  ["\\times", "\\X"],
  ["\\circ", "\\o"],
  ["\\oplus", "(+)"],
  ["\\ominus", "(-)"],
  ["\\odot", "(.)"],
  ["\\otimes", "(\\X)"],
  ["\\oslash", "(/)"],
  ["\\forall", "\\A"],
  ["\\exists", "\\E"],
  ["\\setminus", "\\"],
  ["∧", "/\\"],
  ["∨", "\\/"],
  ["¬", "~"],
  ["≡", "<=>"],
  ["⇔", "<=>"],
  ["⇒", "=>"],
  ["≠", "#"],
  ["≤", "=<"],
  ["≥", ">="],
  ["∪", "\\cup"],
  ["∩", "\\cap"],
  ["×", "\\X"],
  ["∘", "\\o"],
  ["∈", "\\in"],
  ["∉", "\\notin"],
  ["⊆", "\\subseteq"],
  ["⊂", "\\subset"],
  ["⊇", "\\supseteq"],
  ["⊃", "\\supset"],
  ["∀", "\\A"],
  ["∃", "\\E"],
  ["≜", "=="],
  ["□", "[]"],
  ["◇", "<>"],
  ["↝", "~>"],
  ["→", "->"],
  ["←", "<-"],
  ["↦", "|->"],
  ["⟨", "<<"],
  ["⟩", ">>"],
  ["⊕", "(+)"],
  ["⊖", "(-)"],
  ["⊗", "(\\X)"],
  ["⊙", "(.)"],
  ["⊘", "(/)"],
  ["≺", "\\prec"],
  ["⪯", "\\preceq"],
  ["≻", "\\succ"],
  ["⪰", "\\succeq"],
  ["⊑", "\\sqsubseteq"],
  ["⊏", "\\sqsubset"],
  ["⊒", "\\sqsupseteq"],
  ["⊐", "\\sqsupset"],
  ["⊓", "\\sqcap"],
  ["⊔", "\\sqcup"],
  ["⊎", "\\uplus"],
  ["∼", "\\sim"],
  ["≃", "\\simeq"],
  ["≈", "\\approx"],
  ["≅", "\\cong"],
  ["≪", "\\ll"],
  ["≫", "\\gg"],
  ["⋅", "\\cdot"],
  ["·", "\\cdot"],
  ["●", "\\bullet"],
  ["⋆", "\\star"],
  ["÷", "\\div"],
  ["≐", "\\doteq"],
  ["≍", "\\asymp"],
  ["∝", "\\propto"],
  ["≀", "\\wr"],
  ["◯", "\\bigcirc"],
  ["‥", ".."],
  ["…", "..."],
  ["ℕ", "Nat"],
  ["ℤ", "Int"],
  ["ℝ", "Real"],
  ["′", "'"],
  ["⊢", "|-"],
  ["⊣", "-|"],
  ["⊨", "|="],
  ["⫤", "=|"],
  ["‖", "||"],
  ["≔", ":="],
  ["⩴", "::="],
  ["‼", "!!"],
  ["⁇", "??"],
  ["⇸", "-+->"],
  ["⁺", "^+"],
]);
