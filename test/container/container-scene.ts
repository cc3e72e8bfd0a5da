import { randomUUID } from "node:crypto";
import { chown, mkdir } from "node:fs/promises";
import { expect } from "vitest";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { followCli } from "../kit/cli.ts";
import type { Cli, CliResult } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import type { Engine } from "./engine.ts";

/** Path of the destination's folder in the container. */
export const DATA = "/data";
/** The image's only volume. */
export const VOLUME = "/var/pardot-etl";
/** The image's user and group. */
export const USER = 65_532;

/** The options that docs/deploy.md recommends, but for the volume. */
export const RECOMMENDED: readonly string[] = [
  "--read-only",
  "--cap-drop",
  "ALL",
  "--security-opt",
  "no-new-privileges",
];

export interface StartWishes {
  readonly env?: Environment;
  /** Options of `docker run` in place of the recommended ones. */
  readonly options?: readonly string[];
  /** Options of `docker run` in addition. */
  readonly also?: readonly string[];
}

export interface ContainerScene extends Omit<Scene, "run" | "tmp"> {
  /** Folder of this machine that holds the contents of the volume. */
  readonly volume: string;
  /** Starts a container of the image with these arguments, by default the image's. */
  start(args?: readonly string[], wishes?: StartWishes): Cli & { readonly name: string };
  run(...given: Parameters<ContainerScene["start"]>): Promise<CliResult>;
}

/** A simulated account, and containers of the image that read it into `data`. */
export async function containerScene(
  engine: Engine,
  image: string,
  options: SimulatorOptions = {},
  env: Environment = {},
): Promise<ContainerScene> {
  const at = await scene(options, { PARDOT_ETL_DESTINATION: DATA, ...env });
  await mkdir(at.data);
  await chown(at.data, USER, USER);
  const volume = (await engine.docker(["volume", "create"])).trim();
  const place = (await engine.docker(["volume", "inspect", "--format", "{{.Mountpoint}}", volume])).trim();
  // The image has its own.
  const { PARDOT_ETL_TMPDIR: _ours, ...given } = at.env;
  const start: ContainerScene["start"] = (args = [], wishes = {}) => {
    const name = `pardot-etl-test-${randomUUID()}`;
    const variables = Object.entries({ ...given, ...wishes.env }).flatMap(([key, value]) =>
      value === undefined ? [] : ["--env", `${key}=${value}`],
    );
    const mounts = [
      `--mount=type=volume,source=${volume},destination=${VOLUME}`,
      `--mount=type=bind,source=${at.data},destination=${DATA}`,
    ];
    const more = [...(wishes.options ?? RECOMMENDED), ...(wishes.also ?? []), ...variables];
    const words = ["run", "--rm", "--name", name, "--network", "host", ...more, ...mounts, image, ...args];
    const kill = (signal: NodeJS.Signals): void => void engine.docker(["kill", "--signal", signal, name]);
    return { name, ...followCli(engine.start(words), args.join(" "), kill) };
  };
  return {
    ...at,
    volume: place,
    start,
    run: (...wishes) => start(...wishes).ended,
    close: async () => {
      await engine.docker(["volume", "rm", "--force", volume]);
      await at.close();
    },
  };
}

/** Runs something, after which the volume is empty. */
export async function leavingNothing<Result>(at: ContainerScene, work: () => Promise<Result>): Promise<Result> {
  const result = await work();
  expect(await filesBelow(at.volume)).toEqual([]);
  return result;
}
