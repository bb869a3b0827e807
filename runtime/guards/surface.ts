/**
 * The surface: every export of Node and of the language through which time, chance or the outside could reach a program, each
 * classified. Simulated: behaves as in Node, on the clocks, timers and streams of the host. Forbidden: an error that names the
 * export and what to use instead. Harmless: its result depends on its arguments alone, or on what is the same in every run.
 *
 * The forbidden ones are installed from this table. A test goes over everything that the running Node exports and fails for what is
 * not listed, so that a new major cannot add a clock unseen. Names that a major does not have are no error.
 */
import { nodeRequire, type Owner } from "./kit.ts";

export type Surface = {
  /** What stands in front of the names of its members in messages. */
  readonly label: string;
  readonly find: () => object | undefined;
  readonly simulated?: string;
  /** Members, and what to use instead. */
  readonly forbidden?: readonly (readonly [members: string, instead: string])[];
  /** Members, and why they are harmless. */
  readonly harmless?: readonly (readonly [members: string, why: string])[];
};

export const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

const module = (name: string) => (): object | undefined => {
  try {
    return nodeRequire(name) as object;
  } catch {
    return undefined;
  }
};
const prototypeOf = (name: string, type: string) => (): object | undefined =>
  ((module(name)() as Owner | undefined)?.[type] as { prototype?: object } | undefined)?.prototype;
const globalOf = (name: string) => (): object | undefined =>
  (globalThis as unknown as Owner)[name] as object | undefined;

const NET = "use host.net.";
const TIMERS = "use host.timers.";
const RANDOM = "it draws from a generator without a seed: use host.random, or fixed input.";
const THREAD = "its result comes from another thread at an unknown time: use node:crypto's synchronous functions.";
const GARBAGE = "garbage collection must not change a run: hold the object, or drop it.";
const PROCESS = "it is of the process that simulates all hosts: keep count in the program.";
const MACHINE = "it is of the machine that simulates: hand it in as a setting.";
const EXIT = "it would end the process that simulates all hosts: use host.exit, which ends this boot.";
const CHANGES = "it would change the process that simulates all hosts.";
const INTERNAL = "it reaches behind the guards.";
const ONE_THREAD = "a simulated host has one thread.";

const PURE = "depends on its arguments alone";
const CONSTANT = "constant of the build of Node";
const ENVIRONMENT = "the same in every run on one machine; no decision should hang on it";
const CLASS = "class of values; what makes or reads them is guarded";

export const SURFACES: readonly Surface[] = [
  {
    label: "",
    find: () => globalThis,
    simulated:
      "Date setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask File PerformanceMark PerformanceObserver",
    forbidden: [
      ["fetch WebSocket EventSource", NET],
      ["MessageChannel BroadcastChannel", TIMERS],
      ["WeakRef FinalizationRegistry", GARBAGE],
      ["CompressionStream DecompressionStream", "use the synchronous functions of node:zlib."],
      ["localStorage sessionStorage caches", "use host.disk."],
    ],
    harmless: [
      [
        "Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError globalThis JSON ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float16Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy Reflect decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN Iterator AsyncIterator DisposableStack AsyncDisposableStack SharedArrayBuffer ShadowRealm",
        "the language: no clock, no chance",
      ],
      [
        "Math Intl Atomics WebAssembly Temporal performance process crypto navigator console",
        "objects whose members are listed here",
      ],
      [
        "global Buffer URL URLSearchParams URLPattern DOMException QuotaExceededError AbortController AbortSignal TextEncoder TextDecoder structuredClone atob btoa Blob FormData Headers Request Response",
        PURE,
      ],
      [
        "Event EventTarget CustomEvent MessageEvent CloseEvent ErrorEvent MessagePort Crypto CryptoKey SubtleCrypto Navigator Storage StorageEvent Performance PerformanceEntry PerformanceMeasure PerformanceObserverEntryList PerformanceResourceTiming CacheStorage",
        CLASS,
      ],
      [
        "TransformStream TransformStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableByteStreamController ReadableStreamDefaultController ByteLengthQueuingStrategy CountQueuingStrategy TextEncoderStream TextDecoderStream",
        "run on promises, which the barrier drains",
      ],
      ["gc", "only with --expose-gc; WeakRef and FinalizationRegistry are forbidden"],
    ],
  },
  {
    label: "URL.",
    find: () => URL,
    forbidden: [["createObjectURL", "its name is drawn at random: pass the Blob itself."]],
    harmless: [["length name prototype parse canParse revokeObjectURL", PURE]],
  },
  {
    label: "buffer.",
    find: module("node:buffer"),
    simulated: "File",
    forbidden: [["SlowBuffer", "its memory holds what was there before: use Buffer.alloc."]],
    harmless: [
      ["transcode isUtf8 isAscii isLatin1 btoa atob resolveObjectURL", PURE],
      ["kMaxLength kStringMaxLength constants INSPECT_MAX_BYTES", CONSTANT],
      ["Buffer Blob", CLASS],
    ],
  },
  {
    label: "Blob.",
    find: () => Blob.prototype,
    simulated: "stream textStream",
    harmless: [["constructor size type slice arrayBuffer text bytes", PURE]],
  },
  {
    label: "Buffer.",
    find: () => Buffer,
    simulated: "allocUnsafe allocUnsafeSlow",
    harmless: [
      [
        "length name prototype from copyBytesFrom of alloc isBuffer compare isEncoding concat byteLength stringLength",
        PURE,
      ],
      ["poolSize", "0 in runs: each buffer has memory of its own"],
    ],
  },
  { label: "Date.", find: () => Date, simulated: "now", harmless: [["length name prototype parse UTC", PURE]] },
  {
    label: "Math.",
    find: () => Math,
    simulated: "random",
    harmless: [
      [
        "abs acos acosh asin asinh atan atanh atan2 ceil cbrt expm1 clz32 cos cosh exp floor fround hypot imul log log1p log2 log10 max min pow round sign sin sinh sqrt tan tanh trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 f16round sumPrecise",
        PURE,
      ],
    ],
  },
  {
    label: "Intl.",
    find: () => Intl,
    simulated:
      "Collator DateTimeFormat DisplayNames DurationFormat ListFormat NumberFormat PluralRules RelativeTimeFormat Segmenter",
    harmless: [["Locale getCanonicalLocales supportedValuesOf", PURE]],
  },
  {
    label: "Intl.DateTimeFormat.",
    find: () => Intl.DateTimeFormat.prototype,
    simulated: "format formatToParts constructor",
    harmless: [["resolvedOptions formatRange formatRangeToParts", "takes no time that it is not given"]],
  },
  {
    label: "Temporal.Now.",
    find: () => (globalOf("Temporal")() as { Now?: object } | undefined)?.Now,
    simulated: "instant plainDateTimeISO zonedDateTimeISO plainDateISO plainTimeISO",
    harmless: [["timeZoneId", "UTC in runs"]],
  },
  {
    label: "Atomics.",
    find: () => Atomics,
    forbidden: [["wait waitAsync", TIMERS]],
    harmless: [["load store add sub and or xor exchange compareExchange isLockFree notify pause", PURE]],
  },
  {
    label: "WebAssembly.",
    find: globalOf("WebAssembly"),
    forbidden: [
      [
        "compile compileStreaming instantiate instantiateStreaming",
        "use new WebAssembly.Module and Instance, which are synchronous, before the run.",
      ],
    ],
    harmless: [
      [
        "Module Instance validate Table Memory Global Tag JSTag Exception CompileError LinkError RuntimeError Suspending SuspendError promising",
        PURE,
      ],
    ],
  },
  {
    label: "AbortSignal.",
    find: () => AbortSignal,
    simulated: "timeout",
    harmless: [["length name prototype abort any", PURE]],
  },
  {
    label: "navigator.",
    find: () => Object.getPrototypeOf(globalOf("navigator")() ?? Object.create(null)) as object | undefined,
    simulated: "hardwareConcurrency language languages",
    forbidden: [["locks", "hold a lock in the program."]],
    harmless: [["constructor userAgent platform", ENVIRONMENT]],
  },
  {
    label: "timers.",
    find: module("node:timers"),
    simulated: "setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate",
    forbidden: [["_unrefActive active unenroll enroll", TIMERS]],
    harmless: [["promises", "the module timers/promises"]],
  },
  {
    label: "timers/promises ",
    find: module("node:timers/promises"),
    simulated: "setTimeout setInterval setImmediate",
    harmless: [["scheduler", "its members are listed here"]],
  },
  {
    label: "scheduler.",
    find: () => Object.getPrototypeOf((module("node:timers/promises")() as { scheduler: object }).scheduler) as object,
    simulated: "wait yield",
    harmless: [["constructor", CLASS]],
  },
  {
    label: "perf_hooks ",
    find: module("node:perf_hooks"),
    simulated: "PerformanceMark PerformanceObserver eventLoopUtilization timerify",
    forbidden: [["monitorEventLoopDelay createSlidingWindowHistogram importHistogram", "it measures real time."]],
    harmless: [
      [
        "Performance PerformanceEntry PerformanceMeasure PerformanceObserverEntryList PerformanceResourceTiming performance createHistogram",
        CLASS,
      ],
      ["constants", CONSTANT],
    ],
  },
  {
    label: "performance.",
    find: () => Object.getPrototypeOf(performance) as object,
    simulated:
      "now timeOrigin mark measure clearMarks clearMeasures getEntries getEntriesByName getEntriesByType eventLoopUtilization timerify",
    forbidden: [["toJSON nodeTiming markResourceTiming", "it tells real times: use performance.now."]],
    harmless: [
      [
        "constructor clearResourceTimings setResourceTimingBufferSize onresourcetimingbufferfull",
        "no resource is timed in a run",
      ],
    ],
  },
  {
    label: "crypto.",
    find: module("node:crypto"),
    simulated:
      "randomBytes pseudoRandomBytes prng rng randomFill randomFillSync randomInt randomUUID randomUUIDv7 getRandomValues pbkdf2 scrypt hkdf argon2 checkPrime sign verify publicEncrypt createDiffieHellman",
    forbidden: [
      [
        "generateKey generateKeySync generateKeyPair generateKeyPairSync generatePrime generatePrimeSync encapsulate",
        RANDOM,
      ],
      ["setEngine setFips", CHANGES],
      ["secureHeapUsed", PROCESS],
    ],
    harmless: [
      [
        "checkPrimeSync createCipheriv createDecipheriv createDiffieHellmanGroup createECDH createHash createHmac createMac createPrivateKey createPublicKey createSecretKey createSign createVerify createCipher createDecipher diffieHellman decapsulate getDiffieHellman hkdfSync pbkdf2Sync scryptSync argon2Sync privateDecrypt privateEncrypt publicDecrypt timingSafeEqual hash parsePKCS12",
        PURE,
      ],
      ["getCiphers getCipherInfo getCurves getHashes getMacs getFips fips constants", CONSTANT],
      [
        "Certificate Cipher Cipheriv Decipher Decipheriv DiffieHellman DiffieHellmanGroup ECDH Hash Hmac Mac KeyObject Sign Verify X509Certificate webcrypto subtle",
        CLASS,
      ],
    ],
  },
  ...["ECDH", "DiffieHellman", "DiffieHellmanGroup"].map(
    (type): Surface => ({
      label: `crypto.${type}.`,
      find: prototypeOf("node:crypto", type),
      forbidden: [["generateKeys", "it draws from a generator without a seed: call setPrivateKey with a fixed key."]],
      harmless: [
        [
          "constructor computeSecret setPrivateKey setPublicKey getPrivateKey getPublicKey getPrime getGenerator verifyError",
          PURE,
        ],
      ],
    }),
  ),
  {
    label: "crypto.Sign.",
    find: prototypeOf("node:crypto", "Sign"),
    simulated: "sign",
    harmless: [["constructor _write update", PURE]],
  },
  {
    label: "crypto.",
    find: () => Object.getPrototypeOf(globalThis.crypto) as object,
    simulated: "getRandomValues randomUUID",
    harmless: [["constructor subtle", CLASS]],
  },
  {
    label: "crypto.subtle.",
    find: () => Object.getPrototypeOf(globalThis.crypto.subtle) as object,
    forbidden: [
      [
        "encrypt decrypt sign verify digest generateKey deriveKey deriveBits importKey exportKey wrapKey unwrapKey getPublicKey encapsulateBits encapsulateKey decapsulateBits decapsulateKey",
        THREAD,
      ],
    ],
    harmless: [["constructor", CLASS]],
  },
  {
    label: "process.",
    find: () => process,
    simulated: "uptime hrtime nextTick pid ppid emitWarning on once addListener prependListener prependOnceListener",
    forbidden: [
      ["exit reallyExit abort kill _kill execve", EXIT],
      [
        "memoryUsage cpuUsage resourceUsage threadCpuUsage constrainedMemory availableMemory getActiveResourcesInfo _getActiveHandles _getActiveRequests report",
        PROCESS,
      ],
      [
        "chdir umask setuid setgid seteuid setegid setgroups initgroups loadEnvFile setUncaughtExceptionCaptureCallback addUncaughtExceptionCaptureCallback setSourceMapsEnabled _debugProcess _debugEnd _startProfilerIdleNotifier _stopProfilerIdleNotifier",
        CHANGES,
      ],
      ["dlopen binding _linkedBinding _rawDebug", INTERNAL],
      ["stdin openStdin send disconnect", "a simulated process has no terminal and no parent: use host.net."],
    ],
    harmless: [
      [
        "version versions arch platform release title argv argv0 execArgv execPath env cwd config features allowedNodeEnvironmentFlags debugPort getuid geteuid getgid getegid getgroups mainModule moduleLoadList _preload_modules _eval sourceMapsEnabled permission",
        ENVIRONMENT,
      ],
      ["stdout stderr", "what is written belongs to the host"],
      [
        "emit exitCode domain _exiting _events _eventsCount _maxListeners _fatalException _tickCallback assert hasUncaughtExceptionCaptureCallback getBuiltinModule ref unref finalization",
        "no clock, no chance",
      ],
      [
        "channel connected _channel _handleQueue _pendingMessage _send _disconnect noDeprecation throwDeprecation traceDeprecation noProcessWarnings traceProcessWarnings",
        "of the process; no clock, no chance",
      ],
    ],
  },
  {
    label: "os.",
    find: module("node:os"),
    simulated: "hostname uptime loadavg cpus availableParallelism",
    forbidden: [
      ["freemem totalmem networkInterfaces userInfo homedir tmpdir release version machine getPriority", MACHINE],
      ["setPriority", CHANGES],
    ],
    harmless: [["arch endianness platform type constants EOL devNull", ENVIRONMENT]],
  },
  {
    label: "util.",
    find: module("node:util"),
    forbidden: [
      ["debounce throttle", "its timers are real: use setTimeout."],
      ["log", "it prints real time: use console.log."],
      ["setTraceSigInt", CHANGES],
    ],
    harmless: [
      [
        "_errnoException _exceptionWithHostPort _extend callbackify debug debuglog deprecate format styleText formatWithOptions getSystemErrorMap getSystemErrorName getSystemErrorMessage inherits inspect isArray isBoolean isBuffer isDeepStrictEqual isPartialDeepStrictEqual isNull isNullOrUndefined isNumber isString isSymbol isUndefined isRegExp isObject isDate isError isFunction isPrimitive promisify stripVTControlCharacters toUSVString transferableAbortSignal transferableAbortController aborted types parseEnv parseArgs TextDecoder TextEncoder MIMEType MIMEParams getCallSite getCallSites diff convertProcessSignalToExitCode markPromiseAsHandled",
        PURE,
      ],
    ],
  },
  {
    label: "async_hooks ",
    find: module("node:async_hooks"),
    simulated: "createHook",
    forbidden: [["executionAsyncId triggerAsyncId", "its numbers are of the process: use AsyncLocalStorage."]],
    harmless: [
      [
        "AsyncLocalStorage AsyncResource executionAsyncResource asyncWrapProviders",
        "contexts are kept over virtual timers and messages",
      ],
    ],
  },
  {
    label: "async_hooks AsyncResource.",
    find: prototypeOf("node:async_hooks", "AsyncResource"),
    forbidden: [["asyncId triggerAsyncId", "its numbers are of the process: use AsyncLocalStorage."]],
    harmless: [["constructor runInAsyncScope emitDestroy bind", PURE]],
  },
  {
    label: "vm.",
    find: module("node:vm"),
    forbidden: [
      [
        "createContext runInContext runInNewContext measureMemory",
        "globals of another context are not guarded: use runInThisContext.",
      ],
    ],
    harmless: [["Script createScript runInThisContext isContext compileFunction constants", PURE]],
  },
  {
    label: "vm.Script.",
    find: prototypeOf("node:vm", "Script"),
    forbidden: [["runInContext runInNewContext", "globals of another context are not guarded: use runInThisContext."]],
    harmless: [["constructor runInThisContext createCachedData cachedDataRejected sourceMapURL", PURE]],
  },
  {
    label: "node:worker_threads ",
    find: module("node:worker_threads"),
    forbidden: [
      [
        "Worker MessageChannel BroadcastChannel moveMessagePortToContext receiveMessageOnPort postMessageToThread locks",
        ONE_THREAD,
      ],
    ],
    harmless: [
      [
        "isMainThread isInternalThread MessagePort markAsUntransferable isMarkedAsUntransferable markAsUncloneable resourceLimits threadId threadName SHARE_ENV parentPort workerData setEnvironmentData getEnvironmentData",
        "no clock, no chance",
      ],
    ],
  },
  {
    label: "node:net ",
    find: module("node:net"),
    forbidden: [["connect createConnection createServer _createServerHandle BoundSocket _TransferredBoundSocket", NET]],
    harmless: [
      [
        "_normalizeArgs _setSimultaneousAccepts BlockList SocketAddress isIP isIPv4 isIPv6 Server Socket Stream getDefaultAutoSelectFamily setDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout setDefaultAutoSelectFamilyAttemptTimeout",
        PURE,
      ],
    ],
  },
  { label: "node:net Socket.", find: prototypeOf("node:net", "Socket"), forbidden: [["connect", NET]] },
  { label: "node:net Server.", find: prototypeOf("node:net", "Server"), forbidden: [["listen", NET]] },
  {
    label: "node:dgram ",
    find: module("node:dgram"),
    forbidden: [["createSocket Socket _createSocketHandle", NET]],
  },
  {
    label: "node:dns ",
    find: module("node:dns"),
    forbidden: [
      [
        "lookup lookupService Resolver resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTlsa resolveTxt reverse setServers getServers setDefaultResultOrder",
        NET,
      ],
    ],
    harmless: [
      [
        "ADDRCONFIG ALL V4MAPPED NODATA FORMERR SERVFAIL NOTFOUND NOTIMP REFUSED BADQUERY BADNAME BADFAMILY BADRESP CONNREFUSED TIMEOUT EOF FILE NOMEM DESTRUCTION BADSTR BADFLAGS NONAME BADHINTS NOTINITIALIZED LOADIPHLPAPI ADDRGETNETWORKPARAMS CANCELLED getDefaultResultOrder",
        CONSTANT,
      ],
      ["promises", "the module dns/promises"],
    ],
  },
  {
    label: "node:child_process ",
    find: module("node:child_process"),
    forbidden: [
      [
        "spawn spawnSync exec execSync execFile execFileSync fork _forkChild ChildProcess",
        "a simulated host has no processes: give each its own host.",
      ],
    ],
  },
  { label: "node:tls ", find: module("node:tls"), forbidden: [["connect createServer", NET]] },
  { label: "node:http ", find: module("node:http"), forbidden: [["request get createServer", NET]] },
  { label: "node:https ", find: module("node:https"), forbidden: [["request get createServer", NET]] },
  {
    label: "node:http2 ",
    find: module("node:http2"),
    forbidden: [["connect createServer createSecureServer performServerHandshake", NET]],
  },
  {
    label: "node:v8 ",
    find: module("node:v8"),
    forbidden: [
      [
        "getHeapSnapshot getHeapStatistics getHeapSpaceStatistics getHeapCodeStatistics getCppHeapStatistics writeHeapSnapshot queryObjects GCProfiler",
        PROCESS,
      ],
      [
        "setFlagsFromString takeCoverage stopCoverage startCpuProfile startHeapProfile setHeapSnapshotNearHeapLimit setHeapProfileNearHeapLimit",
        CHANGES,
      ],
    ],
  },
];

/** Every module that Node has, by how it is treated. A test fails for one that is not here. */
export const MODULES = {
  listed:
    "buffer timers timers/promises perf_hooks crypto process os util sys async_hooks vm worker_threads net dgram dns child_process tls http https http2 v8",
  /** Every function of it is forbidden. */
  forbidden:
    "fs fs/promises dns/promises zlib cluster node:sea node:sqlite node:test node:test/reporters node:ffi inspector inspector/promises repl trace_events wasi",
  /** Works through modules that are listed, or without time, chance and outside. */
  harmless:
    "_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server _stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_wrap assert assert/strict console constants diagnostics_channel domain events module path path/posix path/win32 punycode querystring readline readline/promises stream stream/consumers stream/promises stream/web string_decoder tty url util/types",
} as const;
