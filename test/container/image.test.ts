import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { expectExactly, expectTable, filesBelow, OBJECTS } from "../kit/scene.ts";
import type { Environment } from "../kit/scene.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import { byKeyPair, PUBLIC_KEY } from "../kit/snowflake.ts";
import { standInBase } from "./base-image.ts";
import { containerScene, DATA, leavingNothing, RECOMMENDED, USER, VOLUME } from "./container-scene.ts";
import type { ContainerScene } from "./container-scene.ts";
import { endings } from "./endings.ts";
import { noEngine, startEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";
import { buildContext, buildImage, CANARY, factsOf, filesOf, occurrences, repositoryText, REVISION } from "./image.ts";
import type { ImageFacts, ImageFile } from "./image.ts";

// The image, built and run by a container engine with the options that docs/deploy.md recommends and the task definition
// has. With endings.ts it holds G2, G4, G5 and G8 there.

const execute = promisify(execFile);
const IMAGE = "pardot-etl-test";
/** Time for npm to install everything twice on a busy machine. */
const BUILD_MS = 600_000;
/** The image's own part of its size, on disk. Measured: 123 MB, of which DuckDB's library is 70. */
const MAX_OWN_BYTES = 135_000_000;

const reason = noEngine();
if (reason !== null && process.env["PARDOT_ETL_REQUIRE_ENGINE"] === "1") {
  throw new Error(`PARDOT_ETL_REQUIRE_ENGINE=1, but there is no container engine: ${reason}`);
}

describe.skipIf(reason !== null)(`the image${reason === null ? "" : `, which takes an engine: ${reason}`}`, () => {
  let folder: string;
  let engine: Engine;
  let base: string | null;
  let facts: ImageFacts;
  let files: readonly ImageFile[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pardot-etl-image-"));
    engine = await startEngine();
    base = engine.hasRegistry ? null : await standInBase(engine);
    await buildContext(folder);
    await buildImage(engine, folder, { base, tag: IMAGE });
    facts = await factsOf(engine, IMAGE);
    files = await filesOf(engine, IMAGE, folder);
  }, BUILD_MS);
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe("as it was built", () => {
    it("contains only the built program, the manual, the packages for production, and the license", async () => {
      const paths = files.filter(({ path }) => path.startsWith("app/")).map(({ path }) => path);
      const own = paths.filter((path) => !/^app\/(node_modules|dist|docs)(\/|$)/.test(path));
      expect(own.toSorted()).toEqual(["app/LICENSE", "app/package.json"]);
      const built = paths.filter((path) => path.startsWith("app/dist/") && /\.\w+$/.test(path));
      expect(built).toContain("app/dist/bin.js");
      expect(built.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([]);
      expect(paths).toContain("app/docs/authentication.md");
      const { dependencies, devDependencies } = JSON.parse(await repositoryText("package.json")) as Record<
        "dependencies" | "devDependencies",
        Record<string, string>
      >;
      const installed = new Set(paths.map((path) => /^app\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]));
      for (const name of Object.keys(dependencies)) expect(installed).toContain(name);
      for (const name of Object.keys(devDependencies)) expect(installed).not.toContain(name);
    });

    it("has no more than the bytes that it needs on top of its base", async () => {
      const under = base === null ? 0 : (await factsOf(engine, base)).Size;
      const own = base === null ? await layersOnTop() : facts.Size - under;
      expect(own).toBeGreaterThan(50_000_000);
      expect(own).toBeLessThan(MAX_OWN_BYTES);
      const unread = files.filter(({ path }) => /^app\/node_modules\/.*\.(map|ts|cts|mts)$/.test(path));
      expect(unread).toEqual([]);
    });

    /** Size of the layers that the Dockerfile adds to an official image. */
    async function layersOnTop(): Promise<number> {
      const lines = (await engine.docker(["history", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", IMAGE]))
        .split("\n")
        .filter((line) => /^\d+ COPY (node_modules|package|dist|docs|\/app|\/build)/.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(" ")[0]), 0);
    }

    it("belongs to root: its user owns the volume alone, and no file can be written by others", () => {
      const owned = files.filter(({ owner }) => owner !== "0/0" && owner.startsWith(String(USER)));
      expect(owned).toEqual([{ mode: "drwxr-xr-x", owner: `${USER}/${USER}`, path: VOLUME.slice(1) }]);
      const ours = files.filter(({ path }) => path.startsWith("app"));
      expect(ours.filter(({ owner, mode }) => owner !== "0/0" || /^[^l].{4}w|^[^l].{7}w/.test(mode))).toEqual([]);
    });

    it("runs Node itself as a numeric user, with the volume as its only place to write", () => {
      const { Config } = facts;
      expect(Config).toMatchObject({
        User: `${USER}:${USER}`,
        Entrypoint: ["node", "/app/dist/bin.js"],
        Cmd: ["run"],
        WorkingDir: "/app",
        Volumes: { [VOLUME]: {} },
      });
      expect(Object.keys(Config.Volumes)).toEqual([VOLUME]);
      const places = ["PARDOT_ETL_TMPDIR", "TMPDIR", "HOME"].map((name) => `${name}=${VOLUME}`);
      for (const line of [...places, "NODE_DISABLE_COMPILE_CACHE=1"]) expect(Config.Env).toContain(line);
    });

    it("names itself, its version and its source in labels", () => {
      const labels = Object.entries(facts.Config.Labels).filter(([name]) =>
        name.startsWith("org.opencontainers.image."),
      );
      const own = Object.fromEntries(
        labels.map(([name, value]): [string, string] => [name.replace(/.*\./, ""), value]),
      );
      expect(own).toMatchObject({ title: "pardot-etl", licenses: "MIT", revision: REVISION, version: "unknown" });
      expect(Object.keys(own)).toEqual(expect.arrayContaining(["description", "created", "source"]));
    });

    it("has no secret of the checkout, of the builder or of the build in any layer", async () => {
      // What has to be there shows that the search finds what is in a layer.
      const found = await occurrences(engine, IMAGE, [CANARY, "Extracts every Salesforce Account Engagement"]);
      expect(found).toEqual({
        [CANARY]: 0,
        "Extracts every Salesforce Account Engagement": expect.any(Number) as number,
      });
      expect(found["Extracts every Salesforce Account Engagement"]).toBeGreaterThan(0);
      expect(files.filter(({ path }) => /(^|\/)\.npmrc$|^run\/secrets\/./.test(path))).toEqual([]);
    });

    // Numbers of processors in an ELF header.
    it.each([
      ["amd64", "linux-x64", 0x3e],
      ["arm64", "linux-arm64", 0xb7],
    ] as const)(
      "built for %s contains that platform's binaries alone",
      { timeout: BUILD_MS },
      async (architecture, platform, machine) => {
        const tag = `${IMAGE}-${architecture}`;
        await buildImage(engine, folder, { base, tag, target: "dependencies", platform: `linux/${architecture}` });
        const place = await mkdtemp(join(folder, "binaries-"));
        const container = (await engine.docker(["create", "--platform", `linux/${architecture}`, tag, "node"])).trim();
        await engine.docker(["cp", `${container}:/app/node_modules/@duckdb`, place]);
        await engine.docker(["rm", container]);
        const { stdout } = await execute("find", [place, "-name", "*.node", "-o", "-name", "*.so"]);
        const binaries = stdout.trim().split("\n");
        expect(binaries.length).toBeGreaterThan(1);
        for (const name of binaries) {
          expect(name).toContain(`/node-bindings-${platform}/`);
          const file = await open(name);
          const { buffer } = await file.read({ buffer: Buffer.alloc(20), position: 0 });
          await file.close();
          expect(buffer.readUInt16LE(18), name).toBe(machine);
        }
      },
    );
  });

  async function start(
    options: Parameters<typeof containerScene>[2] = {},
    env: Environment = {},
  ): Promise<ContainerScene> {
    const at = await containerScene(engine, IMAGE, options, env);
    onTestFinished(() => at.close());
    return at;
  }

  describe("in a container", () => {
    it("is process 1 of an unprivileged user, without capabilities, on a read-only root", async () => {
      const at = await start();
      const script = `
      const { readFileSync, statSync, writeFileSync } = require("node:fs");
      const refused = (path) => { try { writeFileSync(path, ""); return null; } catch ({ code }) { return code; } };
      const status = readFileSync("/proc/self/status", "utf8");
      const { uid, gid, mode } = statSync("${VOLUME}");
      console.log(JSON.stringify({
        pid: process.pid, uid: process.getuid(), groups: process.getgroups(), cwd: process.cwd(),
        capabilities: [...status.matchAll(/^Cap\\w+:\\s*(\\w+)$/gm)].map(([, set]) => set).join(),
        mayGain: /^NoNewPrivs:\\s*(\\d)$/m.exec(status)[1], volume: [uid, gid, mode.toString(8)].join(),
        refused: ["/x", "/app/x", "/app/dist/bin.js", "/tmp/x", "/usr/x", process.env.HOME + "/x"].map(refused),
      }));`;
      const { stdout, stderr } = await at.run(["-e", script], { also: ["--entrypoint", "node"] });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({
        pid: 1,
        uid: USER,
        groups: [USER],
        cwd: "/app",
        capabilities: Array(5).fill("0".repeat(16)).join(),
        mayGain: "1",
        volume: `${USER},${USER},40755`,
        refused: ["EROFS", "EROFS", "EROFS", "EROFS", "EROFS", null],
      });
    });

    it("prints its version and its help", async () => {
      const at = await start();
      const { version } = JSON.parse(await repositoryText("package.json")) as { version: string };
      await leavingNothing(at, async () => {
        expect(await at.run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
        expect(await at.run(["--help"])).toMatchObject({ code: 0, stderr: "" });
        expect(await at.run(["help", "authentication"])).toMatchObject({ code: 0, stderr: "" });
      });
    });

    it("shows the demo, in which every table is equal to the account", async () => {
      const at = await start();
      const { code, stdout } = await at.run(["demo"], { also: ["--workdir", VOLUME] });
      expect(code).toBe(0);
      const tables = [...stdout.matchAll(/^PARDOT_\w+ +[\d,]+ +[\d,]+ +(.*)$/gm)].map(([, verdict]) => verdict);
      expect(tables).toEqual(Array(6).fill("equal"));
    });

    it("reports a demo in a folder that it may not write to, with exit 7 and what to do", async () => {
      const at = await start();
      const { code, stderr } = await at.run(["demo"]);
      expect({ code, stderr }).toEqual({
        code: 7,
        stderr: expect.stringMatching(/\/app\/demo.*\nhint: .*folder/) as string,
      });
    });

    it("reports a volume at another path, which belongs to root, with exit 7 and what to do", async () => {
      const at = await start();
      const elsewhere = ["--mount", "type=volume,destination=/elsewhere"];
      const env = { PARDOT_ETL_TMPDIR: "/elsewhere" };
      const { code, stderr } = await at.run(["run"], { also: elsewhere, env });
      expect(code).toBe(7);
      expect(stderr).toMatch(/\/elsewhere.*permission denied/);
      expect(stderr).toMatch(
        /^hint: Point PARDOT_ETL_TMPDIR at a folder that the user running pardot-etl may write to/m,
      );
      expect(at.simulator.stats().calls).toBe(0);
    });

    it("runs by default, into a folder, and leaves no temporary file", async () => {
      const at = await start();
      const { code, stdout } = await leavingNothing(at, () => at.run());
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringContaining(`${DATA}/_pardot_etl/runs/`) as string,
      });
      for (const name of OBJECTS) await expectExactly(at, name);
      expect(await at.run(["verify"])).toMatchObject({ code: 0 });
      expect(await at.run(["status"])).toMatchObject({ code: 0 });
    });

    it("loads into DuckDB, whose binary finds its libraries", async () => {
      const at = await start({}, { PARDOT_ETL_WAREHOUSE: `duckdb:${DATA}/warehouse.duckdb` });
      expect(await leavingNothing(at, () => at.run())).toMatchObject({ code: 0 });
      for (const name of OBJECTS)
        await expectTable({ ...at, duckdb: `duckdb:${join(at.data, "warehouse.duckdb")}` }, name);
    });

    it("reads Snowflake through its driver without a writable home", async () => {
      const server = await startSnowflake({ users: [{ name: "ETL", publicKey: PUBLIC_KEY }] });
      onTestFinished(() => server.close());
      for (const name of OBJECTS) server.tables.set(`PARDOT_${name.toUpperCase()}`, { rows: [] });
      const at = await start({}, byKeyPair(server));
      expect(await leavingNothing(at, () => at.run())).toMatchObject({ code: 0 });
      for (const name of OBJECTS) await expectExactly(at, name);
    });

    it("writes into the volume and the destination alone, also as root on a writable root", async () => {
      const at = await start();
      const { name, ended } = at.start(["run"], { options: ["--user", "0:0"], also: ["--rm=false"] });
      onTestFinished(async () => void (await engine.docker(["rm", "--force", name])));
      expect(await ended).toMatchObject({ code: 0 });
      // The engine adds the folders in which it mounts.
      const changed = (await engine.docker(["diff", name])).trim().split("\n");
      expect(
        changed.filter((line) => !["", `A ${DATA}`, "C /var", `A ${VOLUME}`, "C /etc", "C /dev"].includes(line)),
      ).toEqual([]);
      expect(await filesBelow(at.volume)).toEqual([]);
    });

    it("works without a home, a system temporary folder, or a compile cache", async () => {
      const at = await start();
      const env = {
        HOME: "/nowhere",
        TMPDIR: "/nowhere",
        NODE_DISABLE_COMPILE_CACHE: "",
        PARDOT_ETL_TMPDIR: VOLUME,
      };
      const plain = await at.run(["--version"], { env });
      expect(plain).toMatchObject({ code: 0, stderr: "" });
      expect(await leavingNothing(at, () => at.run(["run"], { env }))).toMatchObject({ code: 0 });
      for (const name of OBJECTS) await expectExactly(at, name);
    });

    it("runs with the options that docs/deploy.md recommends", async () => {
      const shown = (await readPage()).replaceAll(/ \\\n +/g, " ").match(/^docker run .*$/gm) ?? [];
      expect(shown).toHaveLength(2);
      for (const line of shown) {
        expect(line).toContain(RECOMMENDED.join(" "));
        expect(line).toContain(`--mount type=volume,destination=${VOLUME}`);
      }
    });

    whereS3Runs(() => {
      it.each([
        ["with", {}],
        ["without", { HOME: "/nowhere" }],
      ] as const)("runs into a bucket, %s a home", async (_with, env) => {
        const server = await s3Server();
        const bucket = await newBucket(server);
        const at = await start(
          {},
          {
            PARDOT_ETL_DESTINATION: `s3://${bucket}/team`,
            AWS_ENDPOINT_URL_S3: server.endpoint,
            AWS_ACCESS_KEY_ID: server.accessKeyId,
            AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
            AWS_REGION: "us-east-1",
            AWS_EC2_METADATA_DISABLED: "true",
            ...env,
          },
        );
        const { code, stdout, stderr } = await leavingNothing(at, () => at.run(["run", "--json"]));
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
        const manifest = JSON.parse(stdout) as Manifest;
        expect(manifest.status).toBe("complete");
        expect(await at.run(["verify"])).toMatchObject({ code: 0 });
        expect(await filesBelow(at.data)).toEqual([]);
      });
    });

    endings(start);
  });
});

async function readPage(): Promise<string> {
  return readFile(new URL("../../docs/deploy.md", import.meta.url), "utf8");
}
