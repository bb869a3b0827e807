/**
 * One table of what a file system does, for the simulated disk and for Node's: each case does something and returns what it saw.
 */
import type { Disk, File } from "../../sim/host.ts";
import { DiskError } from "../../sim/host.ts";
import { bytesOf, text } from "./disk-rig.ts";

export type DiskCase = {
  readonly claim: string;
  readonly run: (disk: Disk) => Promise<unknown>;
  readonly seen: unknown;
};

/** The code of the DiskError that a call rejects with, or "ok". */
async function code(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof DiskError) return error.code;
    throw error;
  }
}

async function put(disk: Disk, path: string, contents: string): Promise<File> {
  const file = await disk.open(path, { create: true });
  await file.append(bytesOf(contents));
  return file;
}

async function contentsOf(file: File): Promise<string> {
  return text(await file.read({ offset: 0, length: 100_000 }));
}

async function read(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path);
  const contents = await contentsOf(file);
  await file.close();
  return contents;
}

async function tree(disk: Disk): Promise<void> {
  await disk.mkdir("/dir");
  await disk.mkdir("/dir/empty");
  await (await put(disk, "/dir/file", "in dir")).close();
  await (await put(disk, "/file", "file")).close();
}

const OPENING: readonly DiskCase[] = [
  { claim: "opens nothing that is absent", run: (disk) => code(disk.open("/none")), seen: "ENOENT" },
  {
    claim: "creates an absent file, empty",
    run: async (disk) => (await disk.open("/new", { create: true })).size(),
    seen: 0,
  },
  {
    claim: "keeps the bytes of a file that create finds",
    run: async (disk) => {
      await put(disk, "/old", "bytes");
      return contentsOf(await disk.open("/old", { create: true }));
    },
    seen: "bytes",
  },
  {
    claim: "creates exclusively once",
    run: async (disk) => {
      const options = { create: true, exclusive: true };
      return [await code(disk.open("/lock", options)), await code(disk.open("/lock", options))];
    },
    seen: ["ok", "EEXIST"],
  },
  {
    claim: "refuses exclusive without create",
    run: (disk) => code(disk.open("/x", { exclusive: true })),
    seen: "EINVAL",
  },
  {
    claim: "refuses to open directories",
    run: async (disk) => {
      await tree(disk);
      return Promise.all([
        code(disk.open("/dir")),
        code(disk.open("/dir", { create: true })),
        code(disk.open("/dir", { create: true, exclusive: true })),
        code(disk.open("/")),
      ]);
    },
    seen: ["EISDIR", "EISDIR", "EEXIST", "EISDIR"],
  },
  {
    claim: "tells a file on the way from a gap on the way",
    run: async (disk) => {
      await tree(disk);
      return Promise.all([
        code(disk.open("/file/x", { create: true })),
        code(disk.open("/gap/x", { create: true })),
        code(disk.list("/file")),
        code(disk.syncDir("/file")),
        code(disk.syncDir("/gap")),
        code(disk.mkdir("/file/x")),
        code(disk.unlink("/file/x")),
        code(disk.rename("/file/x", "/y")),
      ]);
    },
    seen: ["ENOTDIR", "ENOENT", "ENOTDIR", "ENOTDIR", "ENOENT", "ENOTDIR", "ENOTDIR", "ENOTDIR"],
  },
  {
    claim: "refuses paths that are not canonical",
    run: (disk) =>
      Promise.all(["x", "/a//b", "/a/", "/./a", "/a/../b", "", "/a\0"].map((path) => code(disk.open(path)))),
    seen: ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL"],
  },
];

const BYTES: readonly DiskCase[] = [
  {
    claim: "reads what was written, across pages and sectors",
    run: async (disk) => {
      const file = await disk.open("/big", { create: true });
      const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) % 251);
      await file.write(3_000, bytes);
      const back = await file.read({ offset: 3_000, length: 20_000 });
      return [back.length, back.every((byte, i) => byte === bytes[i]), await file.size()];
    },
    seen: [20_000, true, 23_000],
  },
  {
    claim: "reads a hole as zeros",
    run: async (disk) => {
      const file = await disk.open("/hole", { create: true });
      await file.write(100_000, bytesOf("end"));
      const hole = await file.read({ offset: 0, length: 100_000 });
      return [hole.length, hole.every((byte) => byte === 0), await file.size()];
    },
    seen: [100_000, true, 100_003],
  },
  {
    claim: "reads short at the end and nothing behind it",
    run: async (disk) => {
      const file = await put(disk, "/short", "0123456789");
      const parts = [];
      for (const [offset, length] of [
        [6, 100],
        [10, 5],
        [11, 5],
        [1_000_000, 1],
        [3, 0],
      ] as const) {
        parts.push(text(await file.read({ offset, length })));
      }
      return parts;
    },
    seen: ["6789", "", "", "", ""],
  },
  {
    claim: "returns from append where the bytes begin",
    run: async (disk) => {
      const file = await put(disk, "/log", "abc");
      const other = await disk.open("/log");
      return [
        await file.append(bytesOf("def")),
        await other.append(bytesOf("g")),
        await file.append(new Uint8Array(0)),
        await contentsOf(file),
      ];
    },
    seen: [3, 6, 7, "abcdefg"],
  },
  {
    claim: "runs operations in the order of submission",
    run: async (disk) => {
      const file = await disk.open("/order", { create: true });
      const all = [
        file.append(bytesOf("a")),
        file.append(bytesOf("b")),
        file.truncate(1),
        file.append(bytesOf("c")),
        file.size(),
      ];
      return [await Promise.all(all), await contentsOf(file)];
    },
    seen: [[0, 1, undefined, 1, 2], "ac"],
  },
  {
    claim: "overwrites in the middle",
    run: async (disk) => {
      const file = await put(disk, "/mid", "0123456789");
      await file.write(3, bytesOf("xyz"));
      return contentsOf(file);
    },
    seen: "012xyz6789",
  },
  {
    claim: "does not grow a file by an empty write",
    run: async (disk) => {
      const file = await disk.open("/empty", { create: true });
      await file.write(50, new Uint8Array(0));
      return file.size();
    },
    seen: 0,
  },
  {
    claim: "extends by truncate with zeros, also where bytes were before",
    run: async (disk) => {
      const file = await put(disk, "/cut", "0123456789");
      await file.truncate(4);
      await file.truncate(8);
      return [...(await file.read({ offset: 0, length: 20 }))];
    },
    seen: [48, 49, 50, 51, 0, 0, 0, 0],
  },
  {
    claim: "shrinks by whole pages and reads zeros after growing again",
    run: async (disk) => {
      const file = await disk.open("/pages", { create: true });
      await file.write(0, new Uint8Array(30_000).fill(1));
      await file.sync();
      await file.truncate(5_000);
      await file.write(29_999, new Uint8Array([2]));
      await file.sync();
      const bytes = await file.read({ offset: 0, length: 40_000 });
      return [bytes.length, bytes.indexOf(0), bytes.lastIndexOf(0), bytes[29_999]];
    },
    seen: [30_000, 5_000, 29_998, 2],
  },
  {
    claim: "refuses numbers that are no offsets",
    run: async (disk) => {
      const file = await put(disk, "/numbers", "x");
      return Promise.all([
        code(file.read({ offset: -1, length: 1 })),
        code(file.read({ offset: 0, length: -1 })),
        code(file.read({ offset: 0.5, length: 1 })),
        code(file.write(-1, bytesOf("x"))),
        code(file.truncate(-1)),
        code(file.truncate(Number.NaN)),
      ]);
    },
    seen: ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL"],
  },
  {
    claim: "fails on a closed file",
    run: async (disk) => {
      const file = await put(disk, "/closed", "x");
      await file.close();
      return Promise.all([
        code(file.read({ offset: 0, length: 1 })),
        code(file.write(0, bytesOf("x"))),
        code(file.append(bytesOf("x"))),
        code(file.truncate(0)),
        code(file.sync()),
        code(file.size()),
        code(file.close()),
      ]);
    },
    seen: ["EBADF", "EBADF", "EBADF", "EBADF", "EBADF", "EBADF", "EBADF"],
  },
  {
    claim: "shares one file between two handles",
    run: async (disk) => {
      const one = await put(disk, "/shared", "abc");
      const two = await disk.open("/shared");
      await one.close();
      await two.write(0, bytesOf("X"));
      return contentsOf(two);
    },
    seen: "Xbc",
  },
];

const NAMES: readonly DiskCase[] = [
  {
    claim: "lists names in code point order",
    run: async (disk) => {
      for (const name of ["b", "a", "B", "10", "9", "\u{1F600}", "\uFB01", "é", "a.b"]) await put(disk, `/${name}`, "");
      await disk.mkdir("/dir");
      return disk.list("/");
    },
    seen: ["10", "9", "B", "a", "a.b", "b", "dir", "é", "\uFB01", "\u{1F600}"],
  },
  { claim: "lists an empty root", run: (disk) => disk.list("/"), seen: [] },
  {
    claim: "renames over a file, and open handles keep the old one",
    run: async (disk) => {
      const old = await put(disk, "/to", "old");
      await put(disk, "/from", "new");
      await disk.rename("/from", "/to");
      return [await contentsOf(old), await read(disk, "/to"), await code(disk.open("/from")), await disk.list("/")];
    },
    seen: ["old", "new", "ENOENT", ["to"]],
  },
  {
    claim: "renames an open file under its handle",
    run: async (disk) => {
      const file = await put(disk, "/here", "a");
      await disk.rename("/here", "/there");
      await file.append(bytesOf("b"));
      return read(disk, "/there");
    },
    seen: "ab",
  },
  {
    claim: "moves between directories, and directories with what is in them",
    run: async (disk) => {
      await tree(disk);
      await disk.rename("/dir/file", "/moved");
      await disk.rename("/file", "/dir/empty/deep");
      await disk.rename("/dir", "/renamed");
      return [await disk.list("/"), await read(disk, "/moved"), await read(disk, "/renamed/empty/deep")];
    },
    seen: [["moved", "renamed"], "in dir", "file"],
  },
  {
    claim: "refuses renames between kinds, onto full directories, into itself, and of what is absent",
    run: async (disk) => {
      await tree(disk);
      return Promise.all([
        code(disk.rename("/file", "/dir")),
        code(disk.rename("/dir", "/file")),
        code(disk.rename("/dir/empty", "/dir")),
        code(disk.rename("/dir", "/dir/empty/in")),
        code(disk.rename("/none", "/x")),
        code(disk.rename("/file", "/gap/x")),
        code(disk.rename("/file", "/file")),
      ]);
    },
    seen: ["EISDIR", "ENOTDIR", "ENOTEMPTY", "EINVAL", "ENOENT", "ENOENT", "ok"],
  },
  {
    claim: "renames a directory over an empty one",
    run: async (disk) => {
      await tree(disk);
      await disk.mkdir("/target");
      await disk.rename("/dir", "/target");
      return [await disk.list("/"), await disk.list("/target")];
    },
    seen: [
      ["file", "target"],
      ["empty", "file"],
    ],
  },
  {
    claim: "keeps an unlinked file for its handle, and its name is free",
    run: async (disk) => {
      const file = await put(disk, "/gone", "still");
      await disk.unlink("/gone");
      const absent = await code(disk.open("/gone"));
      await put(disk, "/gone", "fresh");
      await file.append(bytesOf(" here"));
      return [absent, await contentsOf(file), await read(disk, "/gone")];
    },
    seen: ["ENOENT", "still here", "fresh"],
  },
  {
    claim: "unlinks files only",
    run: async (disk) => {
      await tree(disk);
      return [
        await code(disk.unlink("/dir")),
        await code(disk.unlink("/none")),
        await code(disk.unlink("/file")),
        await disk.list("/"),
      ];
    },
    seen: ["EISDIR", "ENOENT", "ok", ["dir"]],
  },
  {
    claim: "makes directories once, and only where a directory is",
    run: async (disk) => {
      await tree(disk);
      return Promise.all(["/dir", "/file", "/gap/x", "/dir/new", "/"].map((path) => code(disk.mkdir(path))));
    },
    seen: ["EEXIST", "EEXIST", "ENOENT", "ok", "EEXIST"],
  },
  {
    claim: "removes empty directories only",
    run: async (disk) => {
      await tree(disk);
      const codes = [];
      for (const path of ["/dir", "/file", "/none", "/dir/empty", "/dir/file"])
        codes.push(await code(disk.rmdir(path)));
      await disk.unlink("/dir/file");
      return [...codes, await code(disk.rmdir("/dir")), await disk.list("/")];
    },
    seen: ["ENOTEMPTY", "ENOTDIR", "ENOENT", "ok", "ENOTDIR", "ok", ["file"]],
  },
  {
    claim: "syncs files and directories",
    run: async (disk) => {
      await tree(disk);
      const file = await disk.open("/file");
      return Promise.all([code(file.sync()), code(disk.syncDir("/dir")), code(disk.syncDir("/"))]);
    },
    seen: ["ok", "ok", "ok"],
  },
];

export const DISK_CASES: readonly DiskCase[] = [...OPENING, ...BYTES, ...NAMES];
