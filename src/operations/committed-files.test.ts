import { describe, expect, it } from "vitest";
import { countedStorage } from "../../test/kit/fakes/counted-storage.ts";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../test/kit/manifests.ts";
import { manifestKey } from "../manifest/manifest.ts";
import type { Manifest, ManifestWindow } from "../manifest/manifest.ts";
import { StorageError } from "../errors.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { committedFiles } from "./committed-files.ts";
import type { Committed } from "./committed-files.ts";

// Holds G9: a damaged manifest costs itself only.

// What the manifests say is read as a whole, and one that is damaged takes nothing else with it.

const { signal } = new AbortController();
const GOOD = "Tag/Tag_api_20260319T000000Z_20260320T000000Z_0123456789ab.csv";

async function read(...manifests: readonly Manifest[]): Promise<Committed> {
  const storage = openMemoryStorage();
  for (const manifest of manifests) await writeManifest(storage, manifest);
  return committedFiles(storage, signal);
}

/** A manifest of a good file and another run's, with one place of its JSON made something else. */
async function readDamaged(path: readonly (string | number)[], value: unknown, indent: number): Promise<Committed> {
  const windows = [{ field: "updated_at" as const, from: "2026-03-19T00:00:00Z", to: "2026-03-20T00:00:00Z" }];
  const files = [namedFile("Tag/one.csv"), namedFile(GOOD)];
  const manifest = manifestOf("r2", { objects: [manifestObject("Tag", { windows, files })] });
  const json = JSON.parse(JSON.stringify(manifest)) as Record<string | number, unknown>;
  let place = json;
  for (const part of path.slice(0, -1)) place = place[part] as typeof place;
  const last = path.at(-1) ?? "";
  if (value === undefined) delete place[last];
  else place[last] = value;
  const storage = openMemoryStorage();
  const objects = [manifestObject("Form", { files: [namedFile("Form/one.csv")] })];
  await writeManifest(storage, manifestOf("r1", { objects }));
  await storage.create(manifestKey("r2"), Buffer.from(JSON.stringify(json, null, indent)), signal);
  return committedFiles(storage, signal);
}

type Damage = readonly [path: readonly (string | number)[], value: unknown];

const FIRST = ["objects", 0, "files", 0] as const;
const DAMAGED_FILES: readonly Damage[] = [
  ...["../../etc/passwd", "/etc/passwd", "Tag/\u001B[2J.csv", "Tag/\u0000", `Tag/${"x".repeat(900)}`, 7, null, ""].map(
    (key) => [[...FIRST, "key"], key] as const,
  ),
  [[...FIRST, "key"], "_pardot_etl/state/0000000001.json"],
  [[...FIRST, "key"], "file.csv"],
  ...[-1, 1.5, "3", null, undefined, 1e300].map((rows) => [[...FIRST, "rows"], rows] as const),
  [[...FIRST, "bytes"], "10"],
  [[...FIRST, "sha256"], "ABC"],
  [[...FIRST, "sha256"], undefined],
  [[...FIRST, "max_watermark"], 5],
  [[...FIRST, "export_id"], {}],
  [FIRST, null],
  [FIRST, "Tag/one.csv"],
  [FIRST, []],
];

const DAMAGED_PARTS: readonly Damage[] = [
  [["objects", 0, "windows"], 7],
  [["objects", 0, "windows", 0], null],
  [["objects", 0, "windows", 0, "from"], "yesterday"],
  [["objects", 0, "windows", 0, "to"], 12],
  [["objects", 0, "open_windows"], {}],
  [["objects", 0, "object"], null],
  [["objects", 0], null],
  [["objects"], {}],
  [["started_at"], "1"],
  [["started_at"], undefined],
  [["finished_at"], "2026-99-99T00:00:00Z"],
  [["run_id"], "r1"],
  [["format_version"], 2],
  [["status"], "fine"],
  [["warnings"], [7]],
  [["left_files"], 7],
  [["api_calls"], undefined],
];

describe("committed files", () => {
  it("are returned once each, with the first run that names them", async () => {
    const objects = [
      manifestObject("Tag", { files: [namedFile(GOOD, { rows: 7, max_watermark: "2026-03-19 10:00:00" })] }),
    ];
    const started = { started_at: "2026-03-21T08:00:00Z" };
    const {
      files,
      problems,
      runs,
      objects: by,
    } = await read(
      manifestOf("r1", { objects }),
      manifestOf("r2", { objects, ...started, left_files: [namedFile("Form/left.csv")] }),
    );
    expect(problems).toEqual([]);
    expect(runs).toBe(2);
    expect([...files.keys()].toSorted()).toEqual(["Form/left.csv", GOOD]);
    expect(files.get(GOOD)).toMatchObject({ object: "Tag", rows: 7, run: { runId: "r1" }, superseded: false });
    expect(files.get("Form/left.csv")).toMatchObject({ object: "Form", run: { runId: "r2" } });
    expect(by.get("Tag")).toMatchObject({ watermark: "2026-03-19 10:00:00" });
  });

  it("are a problem if two manifests describe one differently", async () => {
    const of = (rows: number): Partial<Manifest> => ({
      objects: [manifestObject("Tag", { files: [namedFile(GOOD, { rows })] })],
    });
    const { problems } = await read(manifestOf("r1", of(1)), manifestOf("r2", of(2)));
    expect(problems).toEqual([{ key: GOOD, problem: "two manifests describe it differently" }]);
  });

  // As it is written, and as another program might have laid it out.
  describe.each([2, 0, 1])("in a manifest indented by %i", (indent) => {
    it.each(DAMAGED_FILES)("include all valid entries next to one that is damaged at %j: %j", async (path, value) => {
      const { files, problems, runs } = await readDamaged(path, value, indent);
      expect([...files.keys()].toSorted()).toEqual(["Form/one.csv", GOOD]);
      expect(problems).toEqual([
        { key: manifestKey("r2"), problem: expect.stringContaining("it is damaged") as string },
      ]);
      expect(problems[0]?.problem).not.toMatch(/\p{Cc}/u);
      expect(runs).toBe(1);
    });

    it.each(DAMAGED_PARTS)(
      "include those of a manifest whose other parts are damaged at %j: %j",
      async (path, value) => {
        const { files, problems } = await readDamaged(path, value, indent);
        expect(files.has("Form/one.csv")).toBe(true);
        expect(problems).toEqual([
          { key: manifestKey("r2"), problem: expect.stringContaining("it is damaged") as string },
        ]);
      },
    );
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    "7",
    '{"objects":[{"files":[{]}]}',
    '{"objects":[{"files":[,]}]}',
    "\uFFFDx",
    "],,[",
  ])("include those of other manifests next to one that is %j", async (text) => {
    const storage = openMemoryStorage();
    await writeManifest(storage, manifestOf("r1", { left_files: [namedFile(GOOD)] }));
    await storage.create(manifestKey("r2"), Buffer.from(text), signal);
    const { files, problems } = await committedFiles(storage, signal);
    expect([...files.keys()]).toEqual([GOOD]);
    expect(problems.map(({ key }) => key)).toEqual([manifestKey("r2")]);
  });

  it("include those of other manifests next to one that the store does not return", async () => {
    const memory = openMemoryStorage();
    await writeManifest(memory, manifestOf("r1", { left_files: [namedFile(GOOD)] }));
    await writeManifest(memory, manifestOf("r2"));
    const storage: Storage = {
      ...memory,
      open: (key, stop) => {
        if (key !== manifestKey("r2")) return memory.open(key, stop);
        throw new StorageError("open r2: InvalidObjectState", { code: "storage.archived" });
      },
    };
    const { files, problems } = await committedFiles(storage, signal);
    expect(files.size).toBe(1);
    expect(problems).toEqual([
      { key: manifestKey("r2"), problem: expect.stringContaining("cannot be read: open r2: InvalidObj") as string },
    ]);
  });

  it("are read from manifests of any size, in pieces", async () => {
    const keys = Array.from({ length: 30_000 }, (_, i) => `Tag/\u00E4"{[,]}\\_${i}.csv`.replace("\\", "-"));
    const storage = openMemoryStorage();
    await writeManifest(
      storage,
      manifestOf("r1", { objects: [manifestObject("Tag", { files: keys.map((key) => namedFile(key)) })] }),
    );
    const pieces: Storage = {
      ...storage,
      open: async function* open(key, stop) {
        for await (const chunk of storage.open(key, stop)) {
          for (let at = 0; at < chunk.length; at += 1021) yield chunk.subarray(at, at + 1021);
        }
      },
      read: () => Promise.reject(new Error("read as a whole")),
    };
    const { files, problems } = await committedFiles(pieces, signal);
    expect(problems).toEqual([]);
    expect([...files.keys()]).toEqual(keys);
  });

  it("cost one list request and one for each manifest, 16 of them at a time", async () => {
    const memory = openMemoryStorage();
    for (let i = 0; i < 100; i += 1) await writeManifest(memory, manifestOf(`r${1000 + i}`));
    const counted = countedStorage(memory);
    await committedFiles(counted, signal);
    expect(counted.requests).toEqual({ list: 1, open: 100, read: 0, stat: 0 });
    expect(counted.most()).toBe(16);
  });
});

describe("a file that --full has superseded", () => {
  const window = (from: string, to: string, throughId?: string): ManifestWindow => ({
    field: "updated_at",
    from: `${from}T00:00:00Z`,
    to: `${to}T00:00:00Z`,
    ...(throughId === undefined ? {} : { through_id: throughId }),
  });
  const span = (days: string): string => days.replaceAll("-", "").replaceAll(/(\d{8})/g, "$1T000000Z");
  const file = (from: string, to: string, digit: string): string =>
    `Tag/Tag_api_${span(from)}_${span(to)}_${digit.repeat(12)}.csv`;
  const run = (
    runId: string,
    windows: readonly ManifestWindow[],
    keys: readonly string[],
    supersedes = false,
  ): Manifest => {
    const files = keys.map((key) => namedFile(key));
    const full = supersedes ? { supersedes: true as const } : {};
    return manifestOf(runId, { objects: [manifestObject("Tag", { windows, files, ...full })] });
  };
  const superseded = async (...manifests: readonly Manifest[]): Promise<string[]> => {
    const { files } = await read(...manifests);
    return [...files].filter(([, each]) => each.superseded).map(([key]) => key.slice(-5, -4));
  };
  const old = [
    run("r1", [window("1900-01-01", "2026-03-01")], [file("1900-01-01", "2026-03-01", "a")]),
    run("r2", [window("2026-02-28", "2026-03-05")], [file("2026-02-28", "2026-03-05", "b")]),
  ];

  it("lies in a range that was read again as a whole, in one window or in several runs", async () => {
    const [full, half, rest] = [
      ["1900-01-01", "2026-03-06"],
      ["1900-01-01", "2026-03-03"],
      ["2026-03-03", "2026-03-06"],
    ] as const;
    expect(await superseded(...old)).toEqual([]);
    expect(await superseded(...old, run("r3", [window(...full)], [file(...full, "c")]))).toEqual([]);
    expect(await superseded(...old, run("r3", [window(...full)], [file(...full, "c")], true))).toEqual(["a", "b"]);
    const first = run("r3", [window(...half)], [file(...half, "c")], true);
    expect(await superseded(...old, first)).toEqual(["a"]);
    expect(await superseded(...old, first, run("r4", [window(...rest)], [file(...rest, "d")], true))).toEqual([
      "a",
      "b",
    ]);
  });

  it("still counts while the window of --full goes on, whose own parts count when it ends", async () => {
    const full = ["1900-01-01", "2026-03-06"] as const;
    const part = run("r3", [window(...full, "500")], [file(...full, "c")], true);
    expect(await superseded(...old, part)).toEqual([]);
    expect(await superseded(...old, part, run("r4", [window(...full)], [file(...full, "d")], true))).toEqual([
      "a",
      "b",
    ]);
  });

  it("may have exactly the range that is read again, and still counts if landed again under its name", async () => {
    const [again] = old;
    const range = ["1900-01-01", "2026-03-01"] as const;
    expect(await superseded(...old, run("r3", [window(...range)], [file(...range, "c")], true))).toEqual(["a"]);
    expect(await superseded(again as Manifest, run("r3", [window(...range)], [file(...range, "a")], true))).toEqual([]);
  });
});
