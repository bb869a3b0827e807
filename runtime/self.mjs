// A loader hook for files of users. "seedbed" and its subpaths mean the tool that is running, wherever the file lies: a second copy of
// the tool would have other classes and other guards. And their TypeScript is an ES module, whatever the package.json above it says.
let faces = {};

// What tsx appends to the URL of a file that it takes for CommonJS; the plain URL is the module.
const TSX_COMMON = /(\?|%3F)tsx-commonjs.*$/s;

export function initialize(given) {
  faces = given;
}

export async function resolve(specifier, context, nextResolve) {
  if (Object.hasOwn(faces, specifier)) return { url: faces[specifier], format: "module", shortCircuit: true };
  const found = await nextResolve(specifier, context);
  if (found.format !== "commonjs" || found.url.includes("/node_modules/")) return found;
  const url = found.url.replace(TSX_COMMON, "");
  return url.endsWith(".ts") ? { ...found, url, format: "module" } : found;
}
