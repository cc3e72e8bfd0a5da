import { execFile, spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { Environment } from "../kit/scene.ts";

// The container engine of these tests: Docker's daemon with a folder of its own, without networks of its own. With
// PARDOT_ETL_ENGINE=running it is the daemon that the machine already has, whose volumes root may read.

const execute = promisify(execFile);

const IS_RUNNING = process.env["PARDOT_ETL_ENGINE"] === "running";
/** Lines of a build or a listing of thirty thousand files. */
const MAX_OUTPUT = 256 * 1024 * 1024;

export interface Engine {
  /** Runs the command line of the engine to its end; resolves with its stdout. */
  docker(args: readonly string[], env?: Environment): Promise<string>;
  /** Starts it with its output in pipes. */
  start(args: readonly string[]): ChildProcess;
  /** Starts it with its input in a pipe. */
  load(args: readonly string[]): ChildProcess;
  /** Whether the machine's own engine is used, which can get images from a registry. */
  readonly hasRegistry: boolean;
  /** Removes all that was made with it. */
  close(): Promise<void>;
}

/** Reason why no engine can be used here; null if one can. */
export function noEngine(): string | null {
  if (IS_RUNNING) return null;
  if (process.platform !== "linux") return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return "the engine has to be started by root";
  const { status, error } = spawnSync("dockerd", ["--version"]);
  return status === 0 ? null : `dockerd is not installed (${error?.message ?? `exit code ${status}`})`;
}

/** Starts the engine, or finds the running one. */
export async function startEngine(): Promise<Engine> {
  return IS_RUNNING ? runningEngine() : ownEngine();
}

function runningEngine(): Engine {
  return { ...clientOf("docker", {}), hasRegistry: true, close: async () => undefined };
}

async function ownEngine(): Promise<Engine> {
  // A socket's path may have no more than 108 bytes.
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-engine-"));
  const host = `unix://${folder}/socket`;
  // No bridge and no rules: neither this machine's network nor its firewall is changed. Containers share its network.
  const quiet = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--group=root"];
  const places = [`--data-root=${folder}/data`, `--exec-root=${folder}/exec`, `--pidfile=${folder}/pid`];
  const daemon = spawn("dockerd", [...quiet, ...places, `--host=${host}`], { stdio: ["ignore", "ignore", "pipe"] });
  const lines: string[] = [];
  daemon.stderr.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  const ended = once(daemon, "close");
  // The client of the same package: a newer one may need plugins that are not installed.
  const client = clientOf("/usr/bin/docker", { DOCKER_HOST: host, DOCKER_CONFIG: join(folder, "client") });
  const close = async (): Promise<void> => {
    // It stops its containers first.
    daemon.kill("SIGTERM");
    await ended;
    const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
    const left = mounts.filter((path) => path.startsWith(`${folder}/`)).toReversed();
    if (left.length > 0) await execute("umount", ["--lazy", ...left]);
    await rm(folder, { recursive: true, force: true });
  };
  let isEnded = false;
  void ended.then(() => (isEnded = true));
  while (!(await isListening(client))) {
    if (!isEnded) continue;
    await close();
    throw new Error(`dockerd did not start:\n${lines.join("").slice(-4000)}`);
  }
  return { ...client, hasRegistry: false, close };
}

async function isListening(client: Pick<Engine, "docker">): Promise<boolean> {
  return client.docker(["version"]).then(
    () => true,
    () => false,
  );
}

function clientOf(program: string, own: Environment): Pick<Engine, "docker" | "start" | "load"> {
  const environment = (more: Environment = {}): NodeJS.ProcessEnv => ({
    ...process.env,
    ...own,
    DOCKER_BUILDKIT: "1",
    ...more,
  });
  return {
    docker: async (args, env) => {
      const { stdout } = await execute(program, args, { env: environment(env), maxBuffer: MAX_OUTPUT });
      return stdout;
    },
    start: (args) => spawn(program, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] }),
    load: (args) => spawn(program, args, { env: environment(), stdio: ["pipe", "ignore", "inherit"] }),
  };
}
