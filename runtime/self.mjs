// A loader hook for files of users. "seedbed" and its subpaths mean the tool that is running, wherever the file lies: a second copy of
// the tool would have other classes and other guards. And their TypeScript is an ES module, whatever the package.json above it says.
// Called by Node either in the main thread or, on old majors, in the loader's.
let faces = {};

// What tsx appends to the URL of a file that it takes for CommonJS; the plain URL is the module.
const TSX_COMMON = /(\?|%3F)tsx-commonjs.*$/s;

export function initialize(given) {
  faces = given;
}

export function resolve(specifier, context, nextResolve) {
  if (Object.hasOwn(faces, specifier)) return { url: faces[specifier], format: "module", shortCircuit: true };
  const found = nextResolve(specifier, context);
  return found instanceof Promise ? found.then(asModule) : asModule(found);
}

function asModule(found) {
  if (found.format !== "commonjs" || found.url.includes("/node_modules/")) return found;
  const url = found.url.replace(TSX_COMMON, "");
  return url.endsWith(".ts") ? { ...found, url, format: "module" } : found;
}
