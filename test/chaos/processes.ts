import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { loadState } from "../../src/state/journal.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN } from "../../src/simulator/index.ts";
import { openStorage } from "../../src/storage/open.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { localDay } from "../../src/time/zone.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import type { S3Server } from "../kit/servers/ceph.ts";
import { mountSmallDisk } from "../kit/servers/small-disk.ts";
import { QUICK_DISK } from "../kit/quick-disk.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";
import {
  checkAccounted,
  checkCoverage,
  checkLedger,
  checkManifests,
  checkSecrets,
  checkState,
  checkTruth,
} from "./checks.ts";
import type { Findings } from "./checks.ts";
import { Child } from "./child.ts";
import type { Ending } from "./child.ts";
import { createDice } from "./dice.ts";
import type { Dice } from "./dice.ts";
import { manifestsIn, Versions } from "./landed.ts";
import type { Destination } from "./landed.ts";
import type { SimulatorChild } from "./simulator-child.ts";
import { Overheard } from "./overheard.ts";
import { startTcpProxy } from "./tcp-proxy.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

const OBJECTS = ["VisitorActivity", "Tag", "Account"] as const;
const NEVER = new AbortController().signal;
/** Approximate lines of output of a run of this account with `--log-level debug`. */
const LINES = 40;
/** Milliseconds that such a run takes at most on most machines. */
const LASTS_MS = 1500;
/** Maximum consecutive kills of runs of one destination. */
const KILLS = 6;
const DISK_BYTES = 16 * 1024 * 1024;

/** Disturbances of a process. */
export const DEEDS = ["kill at a line", "kill at a moment", "sleep", "full disk", "network only"] as const;
export type Deed = (typeof DEEDS)[number];

export interface ProcessOutcome {
  readonly seed: number;
  readonly deed: Deed;
  readonly destination: "folder" | "s3";
  /** How often the deed hit a process that was still at work. */
  readonly hits: number;
  readonly findings: Findings;
}

/**
 * Plays one deed: disturbs a run of the real command line, over a proxy that loses connections; then undisturbed runs, and
 * the checks. The seed decides what happens, the machine decides when.
 */
export async function playProcess(
  seed: number,
  simulator: SimulatorChild,
  s3: S3Server | null,
): Promise<ProcessOutcome> {
  const dice = createDice(`process ${seed}`);
  const deed = dice.pick(DEEDS);
  const isInBucket = s3 !== null && deed !== "full disk" && dice.chance(0.4);
  const scene = await ProcessScene.open(simulator, isInBucket ? s3 : null, dice);
  try {
    await scene.quietlyBefore();
    const hits = await scene.act(deed);
    await scene.rerun();
    return { seed, deed, destination: isInBucket ? "s3" : "folder", hits, findings: scene.findings };
  } finally {
    await scene.close();
  }
}

class ProcessScene {
  readonly findings: Findings = [];
  readonly #simulator: SimulatorChild;
  readonly #dice: Dice;
  readonly #root: string;
  readonly #proxies: readonly TcpProxy[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #storage: Storage;
  readonly #versions = new Versions();
  readonly #messages: string[] = [];
  readonly #overheard: Overheard;

  private constructor(
    simulator: SimulatorChild,
    dice: Dice,
    root: string,
    proxies: readonly TcpProxy[],
    env: Readonly<Record<string, string>>,
    storage: Storage,
    overheard: Overheard,
  ) {
    this.#overheard = overheard;
    this.#simulator = simulator;
    this.#dice = dice;
    this.#root = root;
    this.#proxies = proxies;
    this.#env = env;
    this.#storage = storage;
  }

  static async open(simulator: SimulatorChild, s3: S3Server | null, dice: Dice): Promise<ProcessScene> {
    await simulator.post("reset");
    const root = await mkdtemp(join(QUICK_DISK, "pardot-etl-process-"));
    await mkdir(join(root, "tmp"));
    const overheard = new Overheard([SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN]);
    const pardot = await startTcpProxy(simulator.url, dice.apart("network"), overheard);
    const proxies = [pardot];
    const env: Record<string, string> = {
      ...simulatorAccess(pardot.url),
      PARDOT_EXPORT_POLL_INTERVAL: "1s",
      PARDOT_REQUEST_TIMEOUT: "1s",
      PARDOT_ETL_OBJECTS: OBJECTS.join(","),
      PARDOT_ETL_ROWS_PER_FILE: "200",
      PARDOT_ETL_LEASE_TTL: "1s",
      PARDOT_ETL_TMPDIR: join(root, "tmp"),
      PARDOT_ETL_DESTINATION: join(root, "data"),
    };
    const options = { s3PathStyle: null, clock: systemClock, random: systemRandom };
    if (s3 === null) {
      const storage = await openStorage({ kind: "folder", path: join(root, "data") }, options);
      return new ProcessScene(simulator, dice, root, proxies, env, storage, overheard);
    }
    overheard.secrets.add(s3.secretAccessKey);
    const bucket = await newBucket(s3);
    const front = await startTcpProxy(s3.endpoint, dice.apart("s3"), overheard);
    const aws = {
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: "us-east-1",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    };
    Object.assign(process.env, aws, { AWS_ENDPOINT_URL_S3: s3.endpoint });
    const storage = await openStorage({ kind: "s3", bucket, prefix: "etl" }, options);
    const destination = { PARDOT_ETL_DESTINATION: `s3://${bucket}/etl`, AWS_ENDPOINT_URL_S3: front.url };
    const ofS3 = { ...env, ...aws, ...destination };
    return new ProcessScene(simulator, dice, root, [...proxies, front], ofS3, storage, overheard);
  }

  /** Half of the deeds disturb an incremental run. */
  async quietlyBefore(): Promise<void> {
    this.#versions.remember(await this.#simulator.truth(OBJECTS), OBJECTS);
    if (this.#dice.chance(0.5)) return;
    await this.#endWell();
    await this.#simulator.post("advance", { days: 1 });
    this.#versions.remember(await this.#simulator.truth(OBJECTS), OBJECTS);
  }

  /** Returns how often the deed hit a process at work. */
  async act(deed: Deed): Promise<number> {
    for (const proxy of this.#proxies) proxy.share = deed === "network only" ? 0.25 : this.#dice.pick([0, 0, 0.1]);
    switch (deed) {
      case "kill at a line":
        return this.#killAgainAndAgain((child) => child.saidLines(1 + this.#dice.below(LINES)));
      case "kill at a moment":
        return this.#killAgainAndAgain(() => pause(this.#dice.below(LASTS_MS)));
      case "sleep":
        return Number(await this.#sleep());
      case "full disk":
        return Number(await this.#fillDisk());
      case "network only":
        await this.#note(this.#run());
        return Number(this.#proxies.some(({ fates }) => fates.size > 0));
    }
  }

  /** Kills one run after another and checks the books after each, until a run ends first. */
  async #killAgainAndAgain(moment: (child: Child) => Promise<void>): Promise<number> {
    const most = 1 + this.#dice.below(KILLS);
    for (let kills = 0; kills < most; kills += 1) {
      const child = this.#run();
      await moment(child);
      child.kill("SIGKILL");
      if ((await this.#note(child)).signal !== "SIGKILL") return kills;
      await this.#checkBooks();
      if (this.findings.length > 0) return kills + 1;
    }
    return most;
  }

  /** Stops a process for longer than its lease lasts, lets another take over, and wakes the first. */
  async #sleep(): Promise<boolean> {
    const sleeper = this.#run();
    await sleeper.saidLines(3 + this.#dice.below(LINES));
    sleeper.kill("SIGSTOP");
    for (const proxy of this.#proxies) proxy.share = 0;
    const successor = await this.#note(this.#run());
    const before = new Set((await this.#look()).keys);
    sleeper.kill("SIGCONT");
    const ended = await this.#note(sleeper);
    if (successor.code !== 0 || ended.code === 0) return false;
    const written = (await this.#look()).keys.filter((key) => !before.has(key));
    const committed = written.filter((key) => /manifest\.json$|^_pardot_etl\/state\/\d+\.json$/.test(key));
    this.findings.push(...committed.map((key) => `G5 a run that slept while another took over has written ${key}`));
    return true;
  }

  /** Leaves little space on the destination's disk, or on the disk of unchecked files. */
  async #fillDisk(): Promise<boolean> {
    const disk = mountSmallDisk(DISK_BYTES);
    if (typeof disk === "string") return false;
    const data = join(this.#root, "data");
    const inDisk = join(disk.path, "data");
    const isDestination = this.#dice.chance(0.5);
    try {
      await mkdir(data, { recursive: true });
      if (isDestination) {
        await cp(data, inDisk, { recursive: true });
        execFileSync("mount", ["--bind", inDisk, data], { stdio: "pipe" });
      }
      const { bavail, bsize } = await statfs(disk.path);
      const room = this.#dice.pick([4096, 60_000, 200_000]);
      await writeFile(join(disk.path, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - room)));
      const { code } = await this.#note(this.#run(isDestination ? {} : { PARDOT_ETL_TMPDIR: disk.path }));
      if (isDestination) {
        execFileSync("umount", [data], { stdio: "pipe" });
        await cp(inDisk, data, { recursive: true });
      }
      return code === 7;
    } finally {
      disk.unmount();
    }
  }

  /** Runs undisturbed to the end, and checks. */
  async rerun(): Promise<void> {
    for (const proxy of this.#proxies) proxy.share = 0;
    await this.#checkBooks();
    await this.#endWell();
    if (this.findings.length > 0) return;
    const destination = await this.#look();
    const manifests = manifestsIn(destination, destination.keys.toSorted());
    const { state } = await loadState(this.#storage, NEVER);
    this.findings.push(
      ...checkTruth(destination, manifests, OBJECTS, await this.#simulator.truth(OBJECTS), this.#versions, "UTC"),
      ...checkCoverage(state, manifests, OBJECTS),
      ...checkAccounted(destination, manifests),
      ...checkSecrets(destination, this.#messages, this.#overheard.secrets),
      ...this.#overheard.leaks(),
    );
  }

  async #endWell(): Promise<void> {
    const { code, output } = await this.#note(this.#run());
    if (code !== 0) this.findings.push(`an undisturbed run ended with ${code}: ${output.slice(-1500)}`);
    await this.#checkBooks();
  }

  async #checkBooks(): Promise<void> {
    const destination = await this.#look();
    const manifests = manifestsIn(destination, destination.keys.toSorted());
    const { state } = await loadState(this.#storage, NEVER);
    const stats = await this.#simulator.stats();
    const day = localDay(Date.parse(stats.now), "UTC");
    this.findings.push(
      ...checkManifests(destination, manifests),
      ...checkState(state, manifests, []),
      ...checkLedger(state, stats, day, null),
    );
    if (stats.maxInFlight > 5) this.findings.push(`G4 ${stats.maxInFlight} requests in flight`);
  }

  #run(env: Readonly<Record<string, string>> = {}): Child {
    return new Child(["run", "--log-level", "debug", "--no-progress"], { ...this.#env, ...env }, this.#root);
  }

  async #note(child: Child): Promise<Ending> {
    const ending = await child.ended;
    this.#messages.push(ending.output);
    if (ending.code === 1) this.findings.push(`bug: ${ending.output.slice(-1500)}`);
    return ending;
  }

  /** Current contents of the destination. */
  async #look(): Promise<Destination> {
    const found = new Map<string, Uint8Array>();
    for await (const { key } of this.#storage.list("", NEVER)) {
      const bytes = await this.#storage.read(key, NEVER);
      if (bytes !== null) found.set(key, bytes);
    }
    return { keys: [...found.keys()], bytes: (key) => found.get(key) };
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}
