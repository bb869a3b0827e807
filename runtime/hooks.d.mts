export function registerHooks(url: URL, data?: unknown): Promise<void>;
