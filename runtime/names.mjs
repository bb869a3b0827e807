// A loader hook around tsx's: makes esbuild's helper that names functions do nothing. Functions then have the names that the
// language gives them, as in compiled code. Called by Node either in the main thread or, on old majors, in the loader's.
//
// The source keeps its length: esbuild writes a file into one line, and its source map would be off by every character that is missing.
const HELPER = /(__name\s*=\s*\(target,\s*value\)\s*=>)([^;]+);/;

export function load(url, context, nextLoad) {
  const loaded = nextLoad(url, context);
  return loaded instanceof Promise ? loaded.then((result) => unnamed(url, result)) : unnamed(url, loaded);
}

function unnamed(url, result) {
  if (!url.startsWith("file:") || url.includes("/node_modules/") || result.source == null) return result;
  const source = typeof result.source === "string" ? result.source : Buffer.from(result.source).toString("utf8");
  return source.includes("__name") ? { ...result, source: source.replace(HELPER, inert) } : result;
}

function inert(_helper, head, body) {
  return `${head}${"target".padEnd(body.length)};`;
}
