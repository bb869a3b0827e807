// A loader hook behind tsx's: makes esbuild's helper that names functions do nothing. Functions then have the names that the
// language gives them, as in compiled code.
const HELPER = /(__name\s*=\s*\(target,\s*value\)\s*=>)[^;]+;/;

export async function load(url, context, nextLoad) {
  const result = await nextLoad(url, context);
  if (!url.startsWith("file:") || url.includes("/node_modules/") || result.source == null) return result;
  const source = typeof result.source === "string" ? result.source : Buffer.from(result.source).toString("utf8");
  return source.includes("__name") ? { ...result, source: source.replace(HELPER, "$1target;") } : result;
}
