/** Values as TLC prints them. Lazy sets print as the expression they stand for. */
import type { FcnValue, LazySet, Value } from "./types.ts";

export function showValue(value: Value): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  switch (value.kind) {
    case "string":
      return JSON.stringify(value.text);
    case "model":
      return value.text;
    case "set":
      return `{${value.elements.map(showValue).join(", ")}}`;
    case "fcn":
      return showFcn(value);
    case "lazyFcn":
      return value.normal === undefined ? `[x \\in ${showValue(value.domain)} |-> ...]` : showFcn(value.normal);
    case "operator":
      return `the operator ${value.name}`;
    default:
      return showLazy(value);
  }
}

function showFcn(fcn: FcnValue): string {
  if (fcn.isTuple) return `<<${fcn.values.map(showValue).join(", ")}>>`;
  const names = fcn.domain.elements;
  if (names.every((name) => typeof name === "object" && name.kind === "string" && /^\w*[A-Za-z]\w*$/.test(name.text))) {
    const fields = names.map(
      (name, i) =>
        `${typeof name === "object" && name.kind === "string" ? name.text : ""} |-> ${showValue(fcn.values[i]!)}`,
    );
    return `[${fields.join(", ")}]`;
  }
  return `(${names.map((name, i) => `${showValue(name)} :> ${showValue(fcn.values[i]!)}`).join(" @@ ")})`;
}

function showLazy(set: LazySet): string {
  switch (set.kind) {
    case "interval":
      return `${set.low}..${set.high}`;
    case "powerset":
      return `SUBSET ${showValue(set.base)}`;
    case "fcnSet":
      return `[${showValue(set.domain)} -> ${showValue(set.range)}]`;
    case "recordSet":
      return `[${set.names.elements.map((name, i) => `${typeof name === "object" && name.kind === "string" ? name.text : ""}: ${showValue(set.sets[i]!)}`).join(", ")}]`;
    case "product":
      return `(${set.sets.map(showValue).join(" \\X ")})`;
    case "filter":
      return `{x \\in ${showValue(set.base)} : ...}`;
    case "cup":
      return `(${showValue(set.left)} \\cup ${showValue(set.right)})`;
    case "sequences":
      return `Seq(${showValue(set.of)})`;
    default:
      return set.name;
  }
}
