import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Engine } from "./engine.ts";

// The image that the Dockerfile makes, with secrets placed around it that must not reach it.

const execute = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
/** What the Dockerfile copies. */
const CONTEXT =
  "Dockerfile .dockerignore package.json package-lock.json tsconfig.json tsconfig.build.json LICENSE docs scripts src types";
/** In files that people have in a checkout, in the builder's environment, and in the secrets that the build is given. */
export const CANARY = "canary-of-the-build";
const CANARY_FILES = [
  "pardot-etl.env",
  "prod.tfvars",
  "deploy/prod.env",
  ".git/config",
  "pardot_etl.p8",
  "docs/pardot.json",
  "docs/pardot-etl.key",
  "src/pardot-etl.pem",
  "src/aws/.env",
  "types/pardot-etl.crt",
  "src/config/left.test.ts",
];

export const REVISION = "0123456789ab";

/** Parts of `docker image inspect`. */
export interface ImageFacts {
  readonly Architecture: string;
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Volumes: Readonly<Record<string, object>>;
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

/** Copies what the Dockerfile needs, and puts secrets next to it. */
export async function buildContext(folder: string): Promise<string> {
  const context = join(folder, "context");
  await mkdir(context);
  await execute("cp", ["-a", ...CONTEXT.split(" ").map((name) => join(REPOSITORY, name)), context]);
  for (const name of CANARY_FILES) {
    const path = join(context, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, CANARY);
  }
  // Where npm is to look, as this machine's npm knows it, and the password of another registry.
  const { stdout } = await execute("npm", ["config", "get", "registry"]);
  await writeFile(join(folder, "npmrc"), `registry=${stdout.trim()}\n//registry.example.test/:_authToken=${CANARY}\n`);
  return context;
}

export interface BuildWishes {
  readonly base: string | null;
  readonly tag: string;
  readonly target?: string;
  readonly platform?: string;
}

/** Builds the image, or the stage `target` of it. */
export async function buildImage(engine: Engine, folder: string, wishes: BuildWishes): Promise<void> {
  const { base, tag, target, platform } = wishes;
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  await engine.docker(
    [
      "build",
      "--network=host",
      `--tag=${tag}`,
      `--build-arg=REVISION=${REVISION}`,
      ...(base === null ? [] : [`--build-arg=NODE_IMAGE=${base}`]),
      ...(target === undefined ? [] : [`--target=${target}`]),
      ...(platform === undefined ? [] : [`--platform=${platform}`]),
      ...(certificates === undefined ? [] : [`--secret=id=ca,src=${certificates}`]),
      `--secret=id=npmrc,src=${join(folder, "npmrc")}`,
      join(folder, "context"),
    ],
    { PARDOT_CLIENT_SECRET: CANARY, AWS_SECRET_ACCESS_KEY: CANARY },
  );
}

export async function factsOf(engine: Engine, image: string): Promise<ImageFacts> {
  const [facts] = JSON.parse(await engine.docker(["image", "inspect", image])) as ImageFacts[];
  if (facts === undefined) throw new Error(`there is no image ${image}`);
  return facts;
}

/** A file of an image, by `tar --list --verbose`. */
export interface ImageFile {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

/** Every file and folder of an image. */
export async function filesOf(engine: Engine, image: string, folder: string): Promise<readonly ImageFile[]> {
  const tree = join(folder, "tree.tar");
  const container = (await engine.docker(["create", image])).trim();
  try {
    await engine.docker(["export", "--output", tree, container]);
  } finally {
    await engine.docker(["rm", "--volumes", container]);
  }
  const { stdout } = await execute("tar", ["--list", "--verbose", "--numeric-owner", "--file", tree], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split("\n").flatMap((line) => {
    const [, mode = "", owner = "", path = ""] = /^(\S+) (\S+) +\d+ \S+ \S+ (.*?)(?: -> .*)?$/.exec(line) ?? [];
    return path === "" ? [] : [{ mode, owner, path: path.replace(/\/$/, "") }];
  });
}

/** How often each text occurs in an image: in the files of all its layers, its history and its configuration. */
export async function occurrences(
  engine: Engine,
  image: string,
  texts: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const found = Object.fromEntries(texts.map((text) => [text, 0]));
  const save = engine.start(["save", image]);
  const ended = once(save, "close");
  // The layers are archives without compression in one archive, so a file's text is there as it is.
  const longest = Math.max(...texts.map((text) => text.length));
  let rest = Buffer.alloc(0);
  for await (const chunk of save.stdout ?? []) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    const end = Math.max(0, bytes.length - longest + 1);
    for (const text of texts) {
      for (let at = bytes.indexOf(text); at !== -1 && at < end; at = bytes.indexOf(text, at + 1))
        found[text] = (found[text] ?? 0) + 1;
    }
    rest = bytes.subarray(end);
  }
  for (const text of texts) if (rest.includes(text)) found[text] = (found[text] ?? 0) + 1;
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`docker save ended with ${code}`);
  return found;
}

/** Text of a file in the repository. */
export async function repositoryText(name: string): Promise<string> {
  return readFile(join(REPOSITORY, name), "utf8");
}
