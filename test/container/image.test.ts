import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { expectExactly, expectTable, filesBelow, OBJECTS } from "../kit/scene.ts";
import type { Environment } from "../kit/scene.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import { byKeyPair, PUBLIC_KEY } from "../kit/snowflake.ts";
import { containerScene, DATA, expectUnchanged, leavingNothing, treeOf } from "./container-scene.ts";
import type { ContainerScene } from "./container-scene.ts";
import { addBase, noContainers } from "./container.ts";
import { endings } from "./endings.ts";
import { build, packagesOf, THIS_ARCHITECTURE } from "./lay-out.ts";
import type { Image } from "./lay-out.ts";

// The image built by the Dockerfile, and its command line as an engine runs it: process 1, an unprivileged user, a read-only
// root. See lay-out.ts and container.ts for the parts of the engine and of the tests. With endings.ts it holds G2, G4, G5
// and G8 there.

const REVISION = "0123456789ab";
/** Time for npm to install everything again on a busy machine. */
const INSTALL_MS = 600_000;
let folder: string;
let image: Image;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-image-"));
  image = await build({ folder, architecture: THIS_ARCHITECTURE, buildArgs: { REVISION } });
  // From here on only the image is needed.
  await Promise.all(["context", "stage-build", "stage-dependencies"].map((name) => remove(join(folder, name))));
}, INSTALL_MS);
afterAll(() => remove(folder));

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

describe("the image's tree", () => {
  test("contains only the built program, the manual, the packages for production, and the license", async () => {
    const files = await filesBelow(image.root);
    const own = files.filter((name) => !name.startsWith("app/node_modules/"));
    const strange = own.filter((name) => !/^app\/(?:dist\/.*\.(?:js|d\.ts)|docs\/.*)$/.test(name));
    expect(own).toContain("app/docs/authentication.md");
    expect(strange.toSorted()).toEqual(["app/LICENSE", "app/package.json"]);
    const { dependencies, devDependencies } = JSON.parse(
      await readFile(join(image.root, "app/package.json"), "utf8"),
    ) as Record<"dependencies" | "devDependencies", Record<string, string>>;
    const installed = new Set(files.map((name) => /^app\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1]));
    for (const name of Object.keys(dependencies)) expect(installed).toContain(name);
    for (const name of Object.keys(devDependencies)) expect(installed).not.toContain(name);
  });

  test("belongs to root: the user may change only the volume", () => {
    const [volume = ""] = image.config.volumes;
    const root = process.getuid?.() === 0;
    const owner = execFileSync("stat", ["-c", "%u:%g", join(image.root, volume)], { encoding: "utf8" });
    if (root) expect(owner).toBe(`${image.config.user}\n`);
    const lax = execFileSync("find", [image.root, "!", "-type", "l", "-perm", "/022"], { encoding: "utf8" });
    expect(lax).toBe("");
  });

  test("contains its revision", () => {
    expect(image.config.labels["org.opencontainers.image.revision"]).toBe(REVISION);
  });

  // Numbers of processors in an ELF header.
  test.each([
    ["amd64", "linux-x64", 0x3e],
    ["arm64", "linux-arm64", 0xb7],
  ] as const)(
    "built for %s contains only that platform's binaries",
    { timeout: INSTALL_MS },
    async (architecture, platform, machine) => {
      const { root } = architecture === THIS_ARCHITECTURE ? image : await dependenciesFor(architecture);
      const files = (await filesBelow(root)).filter((name) => /@duckdb\/node-bindings-/.test(name));
      const binaries = files.filter((name) => /\.(node|so)$/.test(name));
      expect(binaries.length).toBeGreaterThan(1);
      for (const name of files) expect(name).toContain(`@duckdb/node-bindings-${platform}/`);
      for (const name of binaries) {
        const file = await open(join(root, name));
        const { buffer } = await file.read({ buffer: Buffer.alloc(20), position: 0 });
        await file.close();
        expect(buffer.readUInt16LE(18), name).toBe(machine);
      }
    },
  );

  async function dependenciesFor(architecture: string): Promise<Image> {
    const place = await mkdtemp(join(tmpdir(), "pardot-etl-platform-"));
    onTestFinished(() => remove(place));
    // Two hundred others are the same for every platform.
    const packages = Object.entries(await packagesOf("package-lock.json"));
    const platforms = packages.filter(([, { cpu, dev }]) => cpu !== undefined && dev !== true).map(([path]) => path);
    expect(platforms.filter((path) => !path.includes("@duckdb/node-bindings-"))).toEqual([]);
    return build({ folder: place, architecture, dependency: "@duckdb/node-api" }, "dependencies");
  }
});

const reason = noContainers();
if (reason !== null && process.env["PARDOT_ETL_REQUIRE_CONTAINER"] === "1") {
  throw new Error(`PARDOT_ETL_REQUIRE_CONTAINER=1, but nothing can be run in a container here: ${reason}`);
}
describe.skipIf(reason !== null)(
  `in a container${reason === null ? "" : `, which takes root on Linux: ${reason}`}`,
  () => {
    let before: ReadonlySet<string>;
    beforeAll(() => {
      addBase(image);
      mkdirSync(join(image.root, DATA));
      before = treeOf(image);
    });
    afterAll(() => expectUnchanged(image, before));

    async function start(
      options: Parameters<typeof containerScene>[1] = {},
      env: Environment = {},
    ): Promise<ContainerScene> {
      const at = await containerScene(image, options, env);
      onTestFinished(() => at.close());
      return at;
    }

    it("runs as process 1 and an unprivileged user, without capabilities, on a read-only root", async () => {
      const script = `
      const { readFileSync, writeFileSync } = require("node:fs");
      const refused = (path) => { try { writeFileSync(path, ""); return null; } catch ({ code }) { return code; } };
      const status = readFileSync("/proc/self/status", "utf8");
      console.log(JSON.stringify({
        pid: process.pid, uid: process.getuid(), groups: process.getgroups(), cwd: process.cwd(),
        capabilities: [...status.matchAll(/^Cap\\w+:\\s*(\\w+)$/gm)].map(([, set]) => set).join(),
        refused: ["/x", "/app/x", "/app/dist/bin.js", "/tmp/x", "/usr/x", process.env.HOME + "/x"].map(refused),
      }));`;
      const shell: Image = { ...image, config: { ...image.config, entrypoint: ["node", "-e"] } };
      const probe = await containerScene(shell);
      onTestFinished(() => probe.close());
      const { stdout, stderr } = await probe.run([script]);
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toEqual({
        pid: 1,
        uid: 65_532,
        groups: [65_532],
        cwd: "/app",
        capabilities: Array(5).fill("0".repeat(16)).join(),
        refused: ["EROFS", "EROFS", "EROFS", "EROFS", "EROFS", null],
      });
    });

    it("prints its version and its help", async () => {
      const at = await start();
      const { version } = JSON.parse(await readFile(join(image.root, "app/package.json"), "utf8")) as {
        version: string;
      };
      await leavingNothing(at, async () => {
        expect(await at.run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
        expect(await at.run(["--help"])).toMatchObject({ code: 0, stderr: "" });
      });
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

    it("writes only into the volume, even on a writable root", async () => {
      const at = await start();
      const lax = ["", "app", "app/dist", "etc", "var"].map((name) => join(image.root, name));
      const { code } = await leavingNothing(at, async () => {
        execFileSync("chmod", ["a+w", ...lax]);
        try {
          return await at.run(["run"], { writable: true });
        } finally {
          execFileSync("chmod", ["go-w", ...lax]);
        }
      });
      expect(code).toBe(0);
      expectUnchanged(image, before);
    });

    it("works without a home, a system temporary folder, or a compile cache", async () => {
      const at = await start();
      const [volume] = image.config.volumes;
      const env = {
        HOME: undefined,
        TMPDIR: "/nowhere",
        NODE_DISABLE_COMPILE_CACHE: undefined,
        PARDOT_ETL_TMPDIR: volume,
      };
      const plain = await at.run(["--version"], { env });
      expect(plain).toMatchObject({ code: 0, stderr: "" });
      expect(await leavingNothing(at, () => at.run(["run"], { env }))).toMatchObject({ code: 0 });
      for (const name of OBJECTS) await expectExactly(at, name);
    });

    whereS3Runs(() => {
      it.each([
        ["with", {}],
        ["without", { HOME: undefined }],
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
  },
);
