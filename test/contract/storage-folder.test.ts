import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../src/platform/clock.ts";
import type { Processes } from "../../src/platform/process-identity.ts";
import { systemRandom as random } from "../../src/platform/random.ts";
import { takeLease } from "../../src/state/lease.ts";
import { FolderStorage } from "../../src/storage/folder/folder.ts";
import { claimName } from "../../src/storage/folder/temporary.ts";
import { openSpool } from "../../src/storage/spool.ts";
import { probeStorage } from "../../src/storage/probe.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { unprivileged } from "../kit/unprivileged.ts";
import { CALM, digestOf, keysOf, noise, spooled, textOf } from "./spooled.ts";

/** Cases of a folder only: links, modes, leftovers and refusals of a file system. */
const KEY = "Tag/Tag_api_1.csv";
const hint = expect.any(String) as string;

let tmpDir: string;
let root: string;
let storage: Storage;
beforeEach(async () => {
  tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-folder-"));
  root = join(tmpDir, "data");
  storage = new FolderStorage({ path: root, clock, random });
});
afterEach(async () => rm(tmpDir, { recursive: true, force: true }));

async function temporaryFiles(): Promise<string[]> {
  return readdir(join(root, "_pardot_etl", "tmp")).catch(() => []);
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe("landing in a folder", () => {
  it("makes no copy on one file system: the spooled file gets a second name", async () => {
    const file = await spooled(tmpDir, "x");
    await storage.publish(KEY, file, CALM);
    expect((await stat(join(root, KEY))).ino).toBe((await stat(file.path)).ino);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("refuses a spooled file whose bytes changed after it was finished", async () => {
    const spool = await openSpool({ dir: tmpDir, compression: "none", random, signal: CALM });
    await spool.write(Buffer.from("whole"));
    const file = await spool.finish();
    await utimes(file.path, 0, 0);
    await storage.publish("Tag/same.csv", file, CALM);
    await writeFile(file.path, "other");
    await expect(storage.publish(KEY, file, CALM)).rejects.toMatchObject({ code: "storage.spool-changed" });
    expect(await storage.stat(KEY, CALM)).toBeNull();
  });

  it("makes the landed file as readable as the umask allows, although spools are private", async () => {
    const file = await spooled(tmpDir, "x");
    expect(await modeOf(file.path)).toBe(0o600);
    const before = process.umask(0o027);
    try {
      const narrow = new FolderStorage({ path: root, clock, random });
      await narrow.publish(KEY, file, CALM);
      await narrow.create("_pardot_etl/state/1", Buffer.from("y"), CALM);
    } finally {
      process.umask(before);
    }
    expect(await modeOf(join(root, KEY))).toBe(0o640);
    expect(await modeOf(join(root, "_pardot_etl/state/1"))).toBe(0o640);
  });

  it("keeps a refused spooled file private", async () => {
    await storage.create(KEY, Buffer.from("first"), CALM);
    const file = await spooled(tmpDir, "other");
    await expect(storage.publish(KEY, file, CALM)).rejects.toMatchObject({ code: "storage.different-bytes" });
    expect(await modeOf(file.path)).toBe(0o600);
  });

  it("refuses a name that is a folder", async () => {
    await mkdir(join(root, KEY), { recursive: true });
    const publishing = storage.publish(KEY, await spooled(tmpDir, "x"), CALM);
    await expect(publishing).rejects.toMatchObject({ code: "storage.different-bytes", exitCode: 6 });
  });

  it("keeps the landed file if the spooled file is removed", async () => {
    const file = await spooled(tmpDir, "kept");
    await storage.publish(KEY, file, CALM);
    await rm(file.path);
    expect(await textOf(storage, KEY)).toBe("kept");
  });
});

async function refuseLink(): Promise<void> {
  throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
}

describe("a folder on a file system without hard links", () => {
  beforeEach(() => {
    storage = new FolderStorage({ path: root, clock, random, link: refuseLink });
  });

  it("lands by renaming a complete copy", async () => {
    const file = await spooled(tmpDir, noise(1_000_000));
    expect(await storage.publish(KEY, file, CALM)).toBe("written");
    expect(await storage.publish(KEY, file, CALM)).toBe("already-there");
    expect(await digestOf(storage, KEY)).toEqual({ bytes: file.bytes, sha256: file.sha256 });
    expect(await modeOf(file.path)).toBe(0o600);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("keeps the first of two files with the same name", async () => {
    expect(await storage.create(KEY, Buffer.from("first"), CALM)).toBe("written");
    expect(await storage.create(KEY, Buffer.from("other"), CALM)).toBe("exists");
    const other = await spooled(tmpDir, "third");
    await expect(storage.publish(KEY, other, CALM)).rejects.toMatchObject({ code: "storage.different-bytes" });
    expect(await textOf(storage, KEY)).toBe("first");
    expect(await temporaryFiles()).toEqual([]);
  });
});

describe("exclusive creation in a folder without hard links", () => {
  const open = (processes?: Processes): Storage =>
    new FolderStorage({
      path: root,
      clock,
      random,
      link: refuseLink,
      ...(processes === undefined ? {} : { processes }),
    });

  it("gives a name to exactly one of four concurrent creators", async () => {
    const creators = [1, 2, 3, 4].map(() => open());
    for (let round = 0; round < 200; round += 1) {
      const key = `_pardot_etl/state/lease/${String(round).padStart(10, "0")}.json`;
      const outcomes = await Promise.all(
        creators.map((creator, index) => creator.create(key, Buffer.from(String(index)), CALM)),
      );
      expect({ round, outcomes: outcomes.toSorted() }).toEqual({
        round,
        outcomes: ["exists", "exists", "exists", "written"],
      });
      expect(await textOf(storage, key)).toBe(String(outcomes.indexOf("written")));
    }
    expect(await temporaryFiles()).toEqual([]);
  });

  it("gives a landed file's name to one of two writers with different bytes", async () => {
    const files = [await spooled(tmpDir, "one"), await spooled(tmpDir, "other")];
    for (let round = 0; round < 50; round += 1) {
      const outcomes = await Promise.allSettled(
        files.map((file) => open().publish(`Tag/Tag_api_${round}.csv`, file, CALM)),
      );
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    }
  });

  it("breaks the claim of a dead process, and lists no claims", async () => {
    const other = { host: "h", boot: "b", pid: 7, started: "1" };
    const claim = join(root, "_pardot_etl", "tmp", claimName(KEY));
    await mkdir(join(root, "_pardot_etl", "tmp"), { recursive: true });
    await writeFile(claim, JSON.stringify({ ...other, nonce: "0123456789abcdef" }));
    expect(await keysOf(storage)).toEqual([]);
    const processes = { self: { ...other, pid: 8 }, isDead: ({ pid }: { readonly pid: number }) => pid === 7 };
    expect(await open(processes).create(KEY, Buffer.from("x"), CALM)).toBe("written");
    expect(await temporaryFiles()).toEqual([]);
  });

  it("waits for a live claim and sees its file, and breaks a silent one", async () => {
    const claim = join(root, "_pardot_etl", "tmp", claimName(KEY));
    await mkdir(join(root, "_pardot_etl", "tmp"), { recursive: true });
    const away = { host: "away", boot: "b", pid: 7, started: "1", nonce: "0123456789abcdef" };
    await writeFile(claim, JSON.stringify(away));
    const waiting = fakeClock();
    const patient = new FolderStorage({
      path: root,
      random,
      link: refuseLink,
      clock: {
        ...waiting,
        sleep: async (ms, signal) => {
          await waiting.sleep(ms, signal);
          if (waiting.slept.length !== 3) return;
          await mkdir(join(root, "Tag"), { recursive: true });
          await writeFile(join(root, KEY), "theirs");
          await rm(claim);
        },
      },
    });
    expect(await patient.create(KEY, Buffer.from("ours"), CALM)).toBe("exists");
    expect(await textOf(storage, KEY)).toBe("theirs");
    await rm(join(root, KEY));
    await writeFile(claim, JSON.stringify(away));
    const silent = fakeClock();
    const outwaiting = new FolderStorage({ path: root, random, link: refuseLink, clock: silent });
    expect(await outwaiting.create(KEY, Buffer.from("ours"), CALM)).toBe("written");
    expect(silent.monotonic()).toBeGreaterThanOrEqual(30_000);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("passes the probe of the command check", async () => {
    await probeStorage(open(), tmpDir, CALM);
    expect(await keysOf(storage)).toEqual([]);
  });

  it("has one winner among four runs that acquire the lease", async () => {
    const list = async (): Promise<readonly string[]> => keysOf(storage);
    for (let round = 0; round < 20; round += 1) {
      const seen = await list();
      const starts = await Promise.allSettled(
        [1, 2, 3, 4].map((pid) =>
          takeLease({
            storage: open(),
            clock: fakeClock(),
            ticker: { start: () => () => undefined },
            processes: { self: { host: "h", boot: "b", pid, started: "1" }, isDead: () => false },
            runId: `run-${pid}`,
            seen,
            list,
            ttlMs: 60_000,
            onLost: () => undefined,
            onEvent: () => undefined,
            waitSignal: CALM,
            signal: CALM,
          }),
        ),
      );
      const won = starts.filter((start) => start.status === "fulfilled");
      expect(won).toHaveLength(1);
      await won[0]?.value.release();
    }
  });
});

describe("leftovers in a folder", () => {
  it("that claim a name are removed after a day, and not before", async () => {
    const folder = join(root, "_pardot_etl", "tmp");
    await mkdir(folder, { recursive: true });
    const claims = [claimName(KEY), `${claimName(KEY)}.0123456789abcdef`];
    for (const claim of claims) await writeFile(join(folder, claim), "{}");
    await storage.tidy(CALM);
    expect(await temporaryFiles()).toHaveLength(2);
    const later = { ...clock, now: () => Date.now() + 2 * 86_400_000 };
    expect(await new FolderStorage({ path: root, clock: later, random }).tidy(CALM)).toEqual({ removed: 2, kept: 0 });
    expect(await temporaryFiles()).toEqual([]);
  });

  it("are never listed, and are removed by tidying if their writer is dead", async () => {
    await storage.create("_pardot_etl/state/1", Buffer.from("x"), CALM);
    const folder = join(root, "_pardot_etl", "tmp");
    const dead = `00000000-1-00000000-${"0".repeat(32)}.pardot-etl`;
    await writeFile(join(folder, dead), "half");
    expect(await keysOf(storage)).toEqual(["_pardot_etl/state/1"]);
    expect(await keysOf(storage, "_pardot_etl/")).toEqual(["_pardot_etl/state/1"]);
    await storage.tidy(CALM);
    expect(await temporaryFiles()).toEqual([dead]);
    const later = { ...clock, now: () => Date.now() + 2 * 86_400_000 };
    await new FolderStorage({ path: root, clock: later, random }).tidy(CALM);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("do not block the creation of a folder", async () => {
    await storage.tidy(CALM);
    expect(await keysOf(storage)).toEqual([]);
    await expect(stat(root)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("that are links are not landed files", async () => {
    await storage.create("a", Buffer.from("x"), CALM);
    await symlink(join(root, "a"), join(root, "b"));
    expect(await keysOf(storage)).toEqual(["a"]);
    expect(await storage.stat("b", CALM)).toBeNull();
  });
});

describe("an unusable folder", () => {
  it.runIf(process.platform === "linux")("is reported with what to do if it cannot be created", async () => {
    // Creating a folder there fails with ENOENT, also for root.
    const creating = new FolderStorage({ path: "/proc/data", clock, random }).create("a", Buffer.from("x"), CALM);
    await expect(creating).rejects.toMatchObject({
      code: "storage.missing",
      hint: expect.stringContaining("PARDOT_ETL_DESTINATION can be created") as string,
    });
  });

  it("is reported if it is a file", async () => {
    await writeFile(root, "a file");
    const refusal = { exitCode: 7, code: "storage.not-a-folder", hint };
    await expect(storage.publish(KEY, await spooled(tmpDir, "x"), CALM)).rejects.toMatchObject(refusal);
    await expect(storage.create(KEY, Buffer.from("x"), CALM)).rejects.toMatchObject(refusal);
    await expect(storage.read(KEY, CALM)).rejects.toMatchObject(refusal);
    await expect(keysOf(storage)).rejects.toMatchObject(refusal);
  });

  it("is reported if one of its subfolders is a file", async () => {
    await storage.create("Tag", Buffer.from("x"), CALM);
    const publishing = storage.publish(KEY, await spooled(tmpDir, "x"), CALM);
    await expect(publishing).rejects.toMatchObject({ exitCode: 7, code: "storage.not-a-folder", hint });
  });

  it("is reported if permission to write or read is missing", async () => {
    await storage.create("_pardot_etl/state/1", Buffer.from("x"), CALM);
    await chmod(tmpDir, 0o755);
    await chmod(root, 0o555);
    const refusal = { exitCode: 7, code: "storage.no-permission", hint };
    await unprivileged(() => expect(storage.create(KEY, Buffer.from("x"), CALM)).rejects.toMatchObject(refusal));
    await chmod(root, 0o700);
    await chmod(join(root, "_pardot_etl/state/1"), 0o600);
    await chmod(join(root, "_pardot_etl"), 0o000);
    await chmod(root, 0o755);
    await unprivileged(() => expect(keysOf(storage)).rejects.toMatchObject(refusal));
    await chmod(join(root, "_pardot_etl"), 0o755);
  });

  it("is reported if a name is too long for the file system", async () => {
    const long = "x".repeat(300);
    await expect(storage.create(long, Buffer.from("x"), CALM)).rejects.toMatchObject({
      exitCode: 7,
      code: "storage.name-too-long",
      hint,
    });
  });
});
