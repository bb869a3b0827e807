/** SVG elements as text: records with a name, attributes, children and a text inside. */
import type { Machine } from "../eval/machine.ts";
import type { Value } from "../values/types.ts";
import { asFunction, asSequence, asString } from "./native.ts";

const OPERATOR = "SVGElemToString";

/** `<name key="value">text<child></child></name>`, attributes in the order of their keys. */
export function svgText(m: Machine, element: Value): string {
  const fields = asFunction(m, element, OPERATOR);
  const field = (name: string): Value => m.u.apply(fields, m.u.string(name));
  const name = asString(field("name"), OPERATOR);
  const attributes = asFunction(m, field("attrs"), OPERATOR);
  const written = attributes.domain.elements.map(
    (key, i) => ` ${asString(key, OPERATOR)}="${asString(attributes.values[i], OPERATOR)}"`,
  );
  const children = asSequence(m, field("children"), OPERATOR).map((child) => svgText(m, child));
  return `<${name}${written.join("")}>${asString(field("innerText"), OPERATOR)}${children.join("")}</${name}>`;
}
