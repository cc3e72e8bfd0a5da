/**
 * A throw-away S3 server for the contract tests: a Ceph RADOS Gateway over one monitor and one object store daemon,
 * everything on loopback with ports that were free, data in memory, files below one temporary folder. Run as a program
 * (`node test/kit/servers/ceph.ts`): prints one JSON line `{endpoint, accessKeyId, secretAccessKey}` when it answers, and
 * stops its daemons and removes the folder when standard input ends, so that it never outlives the one who started it.
 *
 * Configuration names are Ceph's own (docs.ceph.com, "Configuring Ceph").
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const run = promisify(execFile);
const ANSWER_LIMIT_MS = 90_000;
const STARTS_MAX = 3;
/** Made beforehand in one go: the gateway would make them one after another. */
const POOLS = [
  ".rgw.root",
  "default.rgw.log",
  "default.rgw.control",
  "default.rgw.meta",
  "default.rgw.buckets.index",
  "default.rgw.buckets.data",
  "default.rgw.buckets.non-ec",
];

interface Ports {
  readonly v2: number;
  readonly v1: number;
  readonly s3: number;
}

async function freePorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer()];
  const [v2 = 0, v1 = 0, s3 = 0] = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
  await Promise.all(servers.map((server) => promisify(server.close.bind(server))()));
  return { v2, v1, s3 };
}

/** Ceph's words for one small cluster: one copy of everything, held in memory, no manager daemon. */
function configuration(folder: string, fsid: string, ports: Ports): string {
  const settings = {
    fsid,
    mon_initial_members: "a",
    mon_host: monitorAddress(ports),
    public_addr: "127.0.0.1",
    cluster_addr: "127.0.0.1",
    mon_data: join(folder, "mon"),
    osd_data: join(folder, "osd"),
    rgw_data: join(folder, "rgw"),
    run_dir: folder,
    keyring: join(folder, "keyring"),
    log_file: join(folder, "$name.log"),
    admin_socket: join(folder, "$name.asok"),
    pid_file: join(folder, "$name.pid"),
    osd_objectstore: "memstore",
    memstore_device_bytes: 4 * 1024 ** 3,
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_num: 1,
    osd_pool_default_pgp_num: 1,
    osd_pool_default_pg_autoscale_mode: "off",
    osd_crush_chooseleaf_type: 0,
    mon_allow_pool_size_one: true,
    mon_max_pg_per_osd: 1000,
    // The disk under the monitor's own few files may well be nearly full; that is no concern of a test.
    mon_data_avail_crit: 1,
    rgw_frontends: `beast endpoint=127.0.0.1:${ports.s3}`,
    rgw_enable_usage_log: false,
    rgw_thread_pool_size: 64,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[global]\n${lines.join("\n")}\n`;
}

function monitorAddress(ports: Ports): string {
  return `[v2:127.0.0.1:${ports.v2},v1:127.0.0.1:${ports.v1}]`;
}

/** Keys for the monitor, the administrator, the gateway and the object store daemon, in one keyring. */
async function writeKeys(keyring: string): Promise<void> {
  const all = "allow *";
  const entities: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["mon.", { mon: all }],
    ["client.admin", { mon: all, osd: all, mgr: all }],
    ["client.rgw", { mon: all, osd: all }],
    ["osd.0", { mon: "allow profile osd", osd: all }],
  ];
  for (const [index, [name, capabilities]] of entities.entries()) {
    const create = index === 0 ? ["--create-keyring"] : [];
    const caps = Object.entries(capabilities).flatMap(([service, cap]) => ["--cap", service, cap]);
    await run("ceph-authtool", [...create, keyring, "--gen-key", "-n", name, ...caps]);
  }
}

/** `ceph` takes a second to start, so it gets all its commands in one go, on standard input. */
async function administer(conf: string, commands: readonly string[]): Promise<void> {
  const ceph = spawn("ceph", ["-c", conf, "--connect-timeout", "60"], { stdio: ["pipe", "ignore", "pipe"] });
  let complaints = "";
  ceph.stderr.on("data", (text: Buffer) => (complaints += text.toString()));
  ceph.stdin.end(`${commands.join("\n")}\n`);
  const [code] = (await once(ceph, "exit")) as [number | null];
  if (code !== 0 || /^Error|EINVAL/m.test(complaints)) throw new Error(`ceph failed (${code}): ${complaints}`);
}

/** A running cluster, or one that is coming up. */
class Cluster {
  readonly #folder: string;
  readonly #daemons: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<S3Server> {
    const folder = this.#folder;
    const conf = join(folder, "ceph.conf");
    const keyring = join(folder, "keyring");
    const monmap = join(folder, "monmap");
    const fsid = randomUUID();
    const osd = randomUUID();
    const ports = await freePorts();
    await Promise.all(["mon", "osd", "rgw"].map((name) => mkdir(join(folder, name))));
    await writeFile(conf, configuration(folder, fsid, ports));
    await writeKeys(keyring);
    await run("monmaptool", ["--create", "--fsid", fsid, "--addv", "a", monitorAddress(ports), monmap]);
    await run("ceph-mon", ["-c", conf, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring]);
    this.#spawn("ceph-mon", ["-f", "-c", conf, "-i", "a"]);
    await administer(conf, [`osd new ${osd}`]);
    await run("ceph-osd", ["-c", conf, "-i", "0", "--mkfs", "--osd-uuid", osd]);
    this.#spawn("ceph-osd", ["-f", "-c", conf, "-i", "0"]);
    await administer(conf, [
      "osd require-osd-release pacific",
      ...POOLS.map((pool) => `osd pool create ${pool} 1 1 replicated`),
      ...POOLS.map((pool) => `osd pool application enable ${pool} rgw`),
    ]);
    this.#spawn("radosgw", ["-f", "-c", conf, "-n", "client.rgw"]);
    const endpoint = `http://127.0.0.1:${ports.s3}`;
    await this.#answers(endpoint);
    const user = { accessKeyId: "contract-tests", secretAccessKey: randomUUID() };
    const keys = [`--access-key=${user.accessKeyId}`, `--secret-key=${user.secretAccessKey}`];
    const names = ["--uid=tests", "--display-name=tests"];
    await run("radosgw-admin", ["-c", conf, "-n", "client.rgw", "user", "create", ...names, ...keys]);
    return { endpoint, ...user };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#daemons.map(async (daemon) => {
        if (daemon.exitCode !== null || daemon.signalCode !== null) return;
        // Nothing in it is to be kept, so there is nothing to wait for.
        daemon.kill("SIGKILL");
        await once(daemon, "exit");
      }),
    );
    await rm(this.#folder, { recursive: true, force: true });
  }

  #spawn(program: string, args: readonly string[]): void {
    const daemon = spawn(program, args, { stdio: "ignore" });
    daemon.once("error", () => {});
    this.#daemons.push(daemon);
  }

  async #answers(endpoint: string): Promise<void> {
    const limit = Date.now() + ANSWER_LIMIT_MS;
    for (;;) {
      const dead = this.#daemons.find((daemon) => daemon.exitCode !== null || daemon.signalCode !== null);
      if (dead !== undefined) throw new Error(`${dead.spawnfile} ended at the start\n${await this.#logTail()}`);
      const answer = await fetch(endpoint).then(
        (response) => response.text(),
        () => "",
      );
      if (answer.includes("ListAllMyBuckets")) return;
      if (Date.now() > limit) throw new Error(`the gateway did not answer in time\n${await this.#logTail()}`);
      await sleep(100);
    }
  }

  async #logTail(): Promise<string> {
    const names = ["mon.a.log", "osd.0.log", "client.rgw.log"];
    const tails = await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(this.#folder, name), "utf8").catch(() => "");
        return `${name}:\n${text.split("\n").slice(-8).join("\n")}`;
      }),
    );
    return tails.join("\n");
  }
}

/** A port that was free may be taken a moment later, so a start that fails is tried again with others. */
async function startCluster(): Promise<{ readonly cluster: Cluster; readonly server: S3Server }> {
  for (let attempt = 1; ; attempt += 1) {
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), "pardot-etl-ceph-")));
    stopOnEnd(cluster);
    try {
      return { cluster, server: await cluster.start() };
    } catch (error) {
      await cluster.stop();
      if (attempt === STARTS_MAX) throw error;
    }
  }
}

function stopOnEnd(cluster: Cluster): void {
  const stop = (): void => {
    void cluster.stop().finally(() => process.exit());
  };
  process.stdin.once("end", stop).once("close", stop);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
}

if (import.meta.main) {
  process.stdin.resume();
  const { server } = await startCluster();
  process.stdout.write(`${JSON.stringify(server)}\n`);
}
