import { execFile } from "node:child_process";
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, matchesGlob, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readDockerfile } from "./dockerfile.ts";
import type { Recipe, Stage, Step } from "./dockerfile.ts";

// Builds our Dockerfile into folders, on this machine instead of the base image. Refuses unknown instructions, so the
// Dockerfile cannot contain more than is built here.

const execute = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly volumes: readonly string[];
}

/** A processed stage: its additions to its base image. */
export interface Image {
  readonly root: string;
  readonly config: ImageConfig;
}

export interface BuildOptions {
  /** Contains all output. */
  readonly folder: string;
  /** Docker's name of the processor to build for: `amd64`. */
  readonly architecture: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** The only direct dependency to install, with what it needs; all by default. */
  readonly dependency?: string;
}

/** Docker's name of this machine's processor. */
export const THIS_ARCHITECTURE: string = process.arch === "x64" ? "amd64" : process.arch;

/** The repository's Dockerfile. */
export async function recipe(): Promise<Recipe> {
  return readDockerfile(await readFile(join(REPOSITORY, "Dockerfile"), "utf8"));
}

/** Processes the Dockerfile up to its last stage, or the named one. */
export async function build(options: BuildOptions, target = ""): Promise<Image> {
  const { stages } = await recipe();
  const context = await copyContext(join(options.folder, "context"));
  if (options.dependency !== undefined) await keepDependency(context, options.dependency);
  const done = new Map<string, Promise<Image>>();
  const stageNamed = (name: string): Promise<Image> => {
    const stage = stages.find((each) => each.name === name);
    if (stage === undefined) throw new Error(`the Dockerfile has no stage "${name}"`);
    const known = done.get(name);
    if (known !== undefined) return known;
    const running = buildStage(stage, options, (from) => (from === "" ? context : stageNamed(from).then(rootOf)));
    done.set(name, running);
    return running;
  };
  // In parallel, like a builder.
  const sources = stages.find((each) => each.name === target)?.steps.flatMap(({ flags }) => flags["from"] ?? []) ?? [];
  await Promise.all([...new Set(sources)].map(stageNamed));
  return stageNamed(target);
}

function rootOf({ root }: Image): string {
  return root;
}

type SourceRoot = (from: string) => string | Promise<string>;

async function buildStage(stage: Stage, options: BuildOptions, sourceRoot: SourceRoot): Promise<Image> {
  const root = join(options.folder, `stage-${stage.name}`);
  await mkdir(root, { recursive: true });
  const known: Readonly<Record<string, string>> = { TARGETARCH: options.architecture, ...options.buildArgs };
  const args: Record<string, string> = {};
  const env: Record<string, string> = {};
  const labels: Record<string, string> = {};
  const config = { env, labels, user: "", workdir: "/", entrypoint: [], command: [], volumes: [] } as {
    -readonly [Key in keyof ImageConfig]: ImageConfig[Key];
  };
  const expand = (text: string): string =>
    text.replaceAll(/\$\{?(\w+)\}?/g, (_all, name: string) => args[name] ?? env[name] ?? "");
  for (const step of stage.steps) {
    const expanded = (): [string, string][] => Object.entries(step.pairs).map(([n, v]) => [n, expand(v ?? "")]);
    switch (step.keyword) {
      case "ARG":
        for (const [name, value] of expanded()) args[name] = known[name] ?? value;
        break;
      case "ENV":
        Object.assign(env, Object.fromEntries(expanded()));
        break;
      case "LABEL":
        Object.assign(labels, Object.fromEntries(expanded()));
        break;
      case "WORKDIR":
        config.workdir = resolve(config.workdir, step.words[0] ?? "");
        await mkdir(join(root, config.workdir), { recursive: true });
        break;
      case "COPY":
        await copy(step, await sourceRoot(step.flags["from"] ?? ""), root, config.workdir);
        break;
      case "RUN":
        await runStep(step, join(root, config.workdir), { ...args, ...env });
        break;
      case "USER":
        config.user = step.words[0] ?? "";
        break;
      case "VOLUME":
        config.volumes = step.words;
        break;
      case "ENTRYPOINT":
        config.entrypoint = step.words;
        break;
      case "CMD":
        config.command = step.words;
        break;
      default:
        throw new Error(`the Dockerfile says ${step.keyword}, which is not laid out here`);
    }
  }
  return { root, config };
}

async function copy(step: Step, from: string, root: string, workdir: string): Promise<void> {
  const unknown = Object.keys(step.flags).filter((flag) => flag !== "from" && flag !== "chown");
  if (unknown.length > 0) throw new Error(`COPY --${unknown.join(", --")} is not laid out here`);
  const last = step.words.at(-1) ?? "";
  const place = join(root, resolve(workdir, last));
  const isFolder = last.endsWith("/") || step.words.length > 2;
  for (const word of step.words.slice(0, -1)) {
    const source = join(from, word);
    await mkdir(isFolder ? place : dirname(place), { recursive: true });
    // -T: a folder's content becomes the target's content. -l: two hundred megabytes of packages are not written twice.
    await execute("cp", ["-al", ...(isFolder ? [source, place] : ["-T", source, place])]);
  }
  const owner = step.flags["chown"];
  // Only root can change owners; other users run nothing in the image either.
  if (owner !== undefined && process.getuid?.() === 0) {
    const [uid = 0, gid = 0] = owner.split(":").map(Number);
    await chown(place, uid, gid);
  }
}

/**
 * Whether a step installs what stands in this checkout already, by npm's own record: then it is linked from here, for npm
 * takes twenty seconds of a processor for it. In CI the step is run as it stands.
 */
async function isCheckoutInstall(step: Step): Promise<boolean> {
  if (process.env["CI"] !== undefined || step.text !== "npm ci --ignore-scripts --no-audit --no-fund") return false;
  const locked = await packagesOf("package-lock.json");
  const installed = await packagesOf("node_modules/.package-lock.json");
  const wanted = Object.entries(locked).filter(([path, { optional }]) => path !== "" && optional !== true);
  const isSame = (path: string): boolean => installed[path]?.integrity === locked[path]?.integrity;
  return wanted.every(([path]) => path in installed) && Object.keys(installed).every(isSame);
}

interface LockedPackage {
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string | undefined>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export async function packagesOf(lockFile: string): Promise<Readonly<Record<string, LockedPackage>>> {
  const text = await readFile(join(REPOSITORY, lockFile), "utf8").catch(() => "{}");
  return (JSON.parse(text) as { readonly packages?: Record<string, LockedPackage> }).packages ?? {};
}

async function runStep(step: Step, cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  if (await isCheckoutInstall(step)) {
    await execute("cp", ["-a", "--link", join(REPOSITORY, "node_modules"), cwd]);
    return;
  }
  // There is no base image to be root of: a path outside the stage's own folder would be this machine's.
  if (/(?:^|[\s"'=(])[/~]/.test(step.text)) throw new Error(`RUN ${step.text}: names a path that is not relative`);
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD|NODE_(OPTIONS|ENV|PATH)|VITEST|PARDOT_|SNOWFLAKE_)/.test(name),
  );
  await execute("sh", ["-c", step.text], {
    cwd,
    env: {
      ...Object.fromEntries(own),
      ...env,
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      // `npm ci` has already filled the cache with the same packages.
      npm_config_prefer_offline: "true",
    },
    maxBuffer: 16 * 1024 * 1024,
  });
}

/** Removes all other dependencies from the context's package.json and lock file. */
async function keepDependency(context: string, name: string): Promise<void> {
  const own = JSON.parse(await readFile(join(context, "package.json"), "utf8")) as LockedPackage;
  const lock = JSON.parse(await readFile(join(context, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  const { devDependencies: _, ...root } = { ...lock.packages[""], dependencies: { [name]: own.dependencies?.[name] } };
  const packages: Record<string, LockedPackage> = { "": root };
  const wanted = [name];
  for (const each of wanted) {
    const found = lock.packages[`node_modules/${each}`];
    if (found === undefined) throw new Error(`package-lock.json lacks ${each}, or has it elsewhere`);
    packages[`node_modules/${each}`] = found;
    wanted.push(...Object.keys({ ...found.dependencies, ...found.optionalDependencies }));
  }
  const { devDependencies: _dev, ...reduced } = { ...own, dependencies: root.dependencies };
  await writeFile(join(context, "package.json"), JSON.stringify(reduced));
  await writeFile(join(context, "package-lock.json"), JSON.stringify({ ...lock, packages }));
}

/** The files that a builder sees: those that .dockerignore does not exclude. */
async function copyContext(place: string): Promise<string> {
  const text = await readFile(join(REPOSITORY, ".dockerignore"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.shift() !== "*") throw new Error(".dockerignore does not begin with *");
  const wanted = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const refused = lines.slice(wanted.length);
  if (refused.some((line) => line.startsWith("!"))) throw new Error(".dockerignore: an exception behind a refusal");
  for (const name of wanted) {
    await mkdir(join(place, dirname(name)), { recursive: true });
    await execute("cp", ["-aT", join(REPOSITORY, name), join(place, name)]);
  }
  const { stdout } = await execute("find", [place, "-type", "f", "-printf", "%P\\0"]);
  const gone = stdout.split("\0").filter((name) => refused.some((pattern) => matchesGlob(name, pattern)));
  await execute("rm", ["-f", "--", ...gone.map((name) => join(place, name))]);
  return place;
}
