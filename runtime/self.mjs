// A loader hook for files of users. "seedbed" and its subpaths mean the tool that is running, wherever the file lies: a second copy of
// the tool would have other classes and other guards. And their TypeScript is an ES module, whatever the package.json above it says.
let faces = {};

export function initialize(given) {
  faces = given;
}

export async function resolve(specifier, context, nextResolve) {
  if (Object.hasOwn(faces, specifier)) return { url: faces[specifier], format: "module", shortCircuit: true };
  const found = await nextResolve(specifier, context);
  const isCommonTypeScript = found.format === "commonjs" && /\.ts(\?|$)/.test(found.url);
  return isCommonTypeScript && !found.url.includes("/node_modules/") ? { ...found, format: "module" } : found;
}
