/**
 * Sources of chance. What gives random bytes, numbers or identifiers draws from the stream of the host. Keys, primes and signatures
 * with a random part come from OpenSSL's own generator, which cannot be given a seed: they are forbidden. What is slow but pure
 * (pbkdf2, scrypt, ...) is computed at once where it has a callback, and the callback is an event of its own.
 */
import type { HostGlobals } from "../../sim/engine.ts";
import { wallMs } from "./clocks.ts";
import { bindContext } from "./contexts.ts";
import { type AnyFunction, GuardError, nodeRequire, type Owner, type Replace, simulate } from "./kit.ts";

const BYTES_MAX = 2 ** 31 - 1;
const RANDOM_VALUES_BYTES_MAX = 65_536;
const RANGE_MAX = 2 ** 48 - 1;
const TWO_32 = 4294967296;

function fill(owner: HostGlobals, target: Uint8Array): Uint8Array {
  for (let i = 0; i < target.length; i++) target[i] = owner.uint32() & 0xff;
  return target;
}

/** Calls back with the result in the next event, as a result of Node's thread pool would come at some later time. */
function later(owner: HostGlobals, callback: unknown, ...results: unknown[]): void {
  const bound = bindContext(callback as (...args: unknown[]) => unknown);
  owner.after(0, () => void bound(...results));
}

function uuidOf(bytes: Uint8Array, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Version 7: milliseconds of the wall clock in front of the random bytes. */
function uuid7(owner: HostGlobals): string {
  const bytes = fill(owner, new Uint8Array(16));
  let rest = wallMs(owner);
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return uuidOf(bytes, 7);
}

export function guardChance(replace: Replace): void {
  const crypto = nodeRequire("node:crypto") as Owner;
  replace(
    Math,
    "random",
    simulate((owner) => owner.uint32() / TWO_32),
  );
  guardBytes(replace, crypto);
  guardNumbers(replace, crypto);
  guardThreads(replace, crypto);
  guardSignatures(replace, crypto);
}

function guardBytes(replace: Replace, crypto: Owner): void {
  const bytes = simulate((owner, self, args, real) => {
    const [size, callback] = args;
    const isValid = Number.isInteger(size) && (size as number) >= 0 && (size as number) <= BYTES_MAX;
    if (!isValid || (callback !== undefined && typeof callback !== "function")) return real.apply(self, args);
    const made = fill(owner, Buffer.alloc(size as number));
    if (callback === undefined) return made;
    return later(owner, callback, null, made);
  });
  for (const name of ["randomBytes", "pseudoRandomBytes", "prng", "rng"]) replace(crypto, name, bytes);
  replace(
    crypto,
    "randomFillSync",
    simulate((owner, self, args, real) => {
      const part = partOf(args[0], args[1], args[2]);
      if (part === null) return real.apply(self, args);
      fill(owner, part);
      return args[0];
    }),
  );
  replace(
    crypto,
    "randomFill",
    simulate((owner, self, args, real) => {
      const callback = args.at(-1);
      const [target, offset, size] = args.slice(0, -1);
      const part = partOf(target, offset, size);
      if (part === null || typeof callback !== "function") return real.apply(self, args);
      fill(owner, part);
      return later(owner, callback, null, target);
    }),
  );
  const values = simulate((owner, self, args, real) => {
    const view = args[0];
    const isTaken = isIntegerArray(view) && view.byteLength <= RANDOM_VALUES_BYTES_MAX;
    if (!isTaken || (self !== globalThis.crypto && self !== crypto)) return real.apply(self, args);
    fill(owner, new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  });
  replace(crypto, "getRandomValues", values);
  replace(Object.getPrototypeOf(globalThis.crypto) as object, "getRandomValues", values);
}

function isIntegerArray(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && !/^(Float|DataView)/.test((value as Uint8Array)[Symbol.toStringTag]);
}

/** The bytes that randomFill is to fill; null where Node has an error for the arguments. Offset and size count elements. */
function partOf(target: unknown, offset: unknown = 0, size?: unknown): Uint8Array | null {
  const isBuffer = target instanceof ArrayBuffer || target instanceof SharedArrayBuffer;
  if (!isBuffer && !ArrayBuffer.isView(target)) return null;
  const whole = isBuffer
    ? new Uint8Array(target)
    : new Uint8Array(target.buffer as ArrayBuffer, target.byteOffset, target.byteLength);
  const unit = (target as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  const from = (offset as number) * unit;
  const length = size === undefined ? whole.length - from : (size as number) * unit;
  if (!Number.isInteger(from) || !Number.isInteger(length) || from < 0 || length < 0) return null;
  return from + length > whole.length ? null : whole.subarray(from, from + length);
}

function guardNumbers(replace: Replace, crypto: Owner): void {
  const uuid = simulate((owner, self, args, real) => {
    if (args[0] !== undefined && (args[0] === null || typeof args[0] !== "object")) return real.apply(self, args);
    return uuidOf(fill(owner, new Uint8Array(16)), 4);
  });
  replace(crypto, "randomUUID", uuid);
  replace(Object.getPrototypeOf(globalThis.crypto) as object, "randomUUID", uuid);
  replace(crypto, "randomUUIDv7", simulate(uuid7));
  replace(
    crypto,
    "randomInt",
    simulate((owner, self, args, real) => {
      const callback = typeof args.at(-1) === "function" ? args.at(-1) : undefined;
      const numbers = (callback === undefined ? args : args.slice(0, -1)).filter(
        (one) => one !== undefined,
      ) as number[];
      const [min, max] = numbers.length === 1 ? [0, numbers[0]!] : [numbers[0]!, numbers[1]!];
      const range = max - min;
      const isValid = Number.isSafeInteger(min) && Number.isSafeInteger(max) && range > 0 && range <= RANGE_MAX;
      if (!isValid || numbers.length > 2) return real.apply(self, args);
      const number = min + below(owner, range);
      return callback === undefined ? number : later(owner, callback, null, number);
    }),
  );
}

/** One draw where 32 bits suffice. */
function below(owner: HostGlobals, range: number): number {
  if (range <= TWO_32) return Math.floor((owner.uint32() / TWO_32) * range);
  const high = owner.uint32() >>> 11;
  return (high * TWO_32 + owner.uint32()) % range;
}

/** Functions whose result depends on their arguments alone, but comes from a thread: the synchronous twin computes it. */
function guardThreads(replace: Replace, crypto: Owner): void {
  for (const name of ["pbkdf2", "scrypt", "hkdf", "checkPrime", "argon2"]) {
    const twin = crypto[`${name}Sync`] as AnyFunction;
    replace(
      crypto,
      name,
      simulate((owner, self, args, real) => {
        const callback = args.at(-1);
        if (typeof callback !== "function") return real.apply(self, args);
        return later(owner, callback, null, twin(...args.slice(0, -1)));
      }),
    );
  }
}

const PKCS1_PSS = 6;
const NO_PADDING = 3;

function guardSignatures(replace: Replace, crypto: Owner): void {
  const refuse = (owner: HostGlobals, what: string, instead: string): never => {
    throw new GuardError(what, owner, instead);
  };
  const pureKey = "sign with Ed25519, or with RSA and PKCS#1 padding, which draw nothing.";
  const checkKey = (owner: HostGlobals, what: string, key: unknown): void => {
    const type = drawnBy(crypto, key);
    if (type !== null) refuse(owner, `${what} with a key of type ${type}`, pureKey);
  };
  const Sign = crypto["Sign"] as AnyFunction;
  replace(
    Sign.prototype as object,
    "sign",
    simulate((owner, self, args, real) => {
      checkKey(owner, "crypto.Sign.sign", args[0]);
      return real.apply(self, args);
    }),
  );
  for (const name of ["sign", "verify"]) {
    replace(
      crypto,
      name,
      simulate((owner, self, args, real) => {
        if (name === "sign") checkKey(owner, "crypto.sign", args[2]);
        const callback = args[name === "sign" ? 3 : 4];
        if (typeof callback !== "function") return real.apply(self, args);
        return later(owner, callback, null, real(...args.slice(0, -1)));
      }),
    );
  }
  replace(
    crypto,
    "publicEncrypt",
    simulate((owner, self, args, real) => {
      const { padding } = (args[0] ?? {}) as { padding?: number };
      if (padding !== NO_PADDING)
        refuse(owner, "crypto.publicEncrypt", "its padding is random: use createCipheriv with a fixed key.");
      return real.apply(self, args);
    }),
  );
  replace(
    crypto,
    "createDiffieHellman",
    simulate((owner, self, args, real) => {
      if (typeof args[0] === "number")
        refuse(owner, "crypto.createDiffieHellman with a length", "it draws a prime: hand in a fixed one.");
      return real.apply(self, args);
    }),
  );
}

/** The type of a private key whose signatures have a random part; null for the others, and where Node has an error for the key. */
function drawnBy(crypto: Owner, key: unknown): string | null {
  type KeyObject = { readonly asymmetricKeyType?: string };
  const KeyObject = crypto["KeyObject"] as (new () => KeyObject) & { from(key: unknown): KeyObject };
  const given = key as { key?: unknown; padding?: number; saltLength?: number } | null;
  const inner = given !== null && typeof given === "object" && "key" in given ? given.key : key;
  let object: KeyObject;
  try {
    if (inner instanceof KeyObject) object = inner;
    else if (Object.prototype.toString.call(inner) === "[object CryptoKey]") object = KeyObject.from(inner);
    else object = (crypto["createPrivateKey"] as (key: unknown) => KeyObject)(key);
  } catch {
    return null;
  }
  const type = object.asymmetricKeyType ?? "secret";
  if (type === "ed25519" || type === "ed448") return null;
  const isPss = type === "rsa-pss" || given?.padding === PKCS1_PSS;
  if (type.startsWith("rsa")) return isPss && given?.saltLength !== 0 ? "rsa-pss" : null;
  return type;
}
