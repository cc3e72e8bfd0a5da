import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { followCli } from "../kit/cli.ts";
import type { Cli } from "../kit/cli.ts";
import type { Environment } from "../kit/scene.ts";
import type { Image } from "./lay-out.ts";

// Runs an image like an engine, with Linux alone: a mount namespace with the image's tree as a read-only root, a process
// namespace with the command as process 1, and a user without a name or capabilities. This machine's /usr replaces the base
// image's, and the tests' Node its Node.

/** Path of the stand-in for the base image's Node. */
const NODE_FOLDER = "/node";
const PATH = `${NODE_FOLDER}:/usr/bin`;
/** Mounts the folders given as arguments; the last step makes the image's tree read-only. */
const ENTER = `
set -e
root=$1 node=$2 mode=$3; shift 3
mount --bind "$root" "$root"
mount --bind /usr "$root/usr"; mount -o remount,bind,ro "$root/usr"
mount --bind /dev "$root/dev"; mount -o remount,bind,ro "$root/dev"
mount --bind "$node" "$root${NODE_FOLDER}"; mount -o remount,bind,ro "$root${NODE_FOLDER}"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; shift 2; done
shift
mount -o "remount,bind,$mode" "$root"
exec chroot "$root" setpriv "$@"
`;

export interface ContainerOptions {
  /** Instead of the image's CMD. */
  readonly args?: readonly string[];
  /** Added to the image's ENV; undefined removes a variable. */
  readonly env: Environment;
  /** Folders of this machine, by their path in the container. They must include the image's volume. */
  readonly mounts: Readonly<Record<string, string>>;
  /** Leaves the root writable, as far as its owner permits. */
  readonly writable?: boolean;
}

/** Reason why this machine cannot run containers; null if it can. */
export function noContainers(): string | null {
  if (process.platform !== "linux") return `this is ${process.platform}, not Linux`;
  const probe = spawnSync("unshare", ["--mount", "--pid", "--fork", "setpriv", "--no-new-privs", "true"], {
    encoding: "utf8",
  });
  return probe.status === 0 ? null : (probe.error?.message ?? probe.stderr.trim());
}

/** Adds the base image's parts and the mount points to an image's tree. */
export function addBase({ root, config }: Image): void {
  for (const name of ["usr", "dev", "proc", "etc", "tmp", NODE_FOLDER]) mkdirSync(join(root, name));
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  chmodSync(join(root, "tmp"), 0o1777);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n");
  for (const volume of config.volumes) statSync(join(root, volume));
}

/** Mounts a folder of this machine in the container, owned by the image's user like an engine does. */
export function addVolume({ root, config }: Image, place: string, folder: string): void {
  mkdirSync(join(root, place), { recursive: true });
  const isVolume = config.volumes.includes(place);
  const { uid, gid, mode } = statSync(join(root, isVolume ? place : (config.volumes[0] ?? "")));
  chmodSync(folder, mode & 0o7777);
  chownSync(folder, uid, gid);
}

/** Starts the image's entrypoint. */
export function startContainer({ root, config }: Image, options: ContainerOptions): Cli {
  const [uid = "", gid = uid] = config.user.split(":");
  const env = Object.entries({ PATH, ...config.env, ...options.env }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const user = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs", "--bounding-set=-all"];
  const command = [...config.entrypoint, ...(options.args ?? config.command)];
  const mounts = Object.entries(options.mounts).flatMap(([place, folder]) => [folder, place]);
  const mode = options.writable === true ? "rw" : "ro";
  const inside = ["env", "-i", `--chdir=${config.workdir}`, ...env, ...command];
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child"];
  const enter = ["sh", "-c", ENTER, "sh", root, dirname(process.execPath), mode, ...mounts, "--"];
  const child = spawn("unshare", [...namespaces, ...enter, ...user, "--", ...inside], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // The engine signals process 1 of the container, not its parent.
  return followCli(child, command.join(" "), (signal) => {
    const { pid } = child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    process.kill(Number(children.trim()), signal);
  });
}
