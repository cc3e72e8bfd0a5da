import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { expect } from "vitest";
import type { Cli, CliResult } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { addVolume, startContainer } from "./container.ts";
import type { ContainerOptions } from "./container.ts";
import type { Image } from "./lay-out.ts";

/** Path of the destination's folder in the container. */
export const DATA = "/data";

export interface ContainerScene extends Omit<Scene, "run"> {
  start(args?: readonly string[], options?: Partial<ContainerOptions>): Cli;
  run(...given: Parameters<ContainerScene["start"]>): Promise<CliResult>;
}

/** A simulated account, and containers of the image that read it into `data`. */
export async function containerScene(
  image: Image,
  options: SimulatorOptions = {},
  env: Environment = {},
): Promise<ContainerScene> {
  const at = await scene(options, { PARDOT_ETL_DESTINATION: DATA, ...env });
  await mkdir(at.data);
  const [volume = ""] = image.config.volumes;
  addVolume(image, volume, at.tmp);
  addVolume(image, DATA, at.data);
  // The image has its own.
  const { PARDOT_ETL_TMPDIR: _ours, ...given } = at.env;
  const start: ContainerScene["start"] = (args, wishes = {}) =>
    startContainer(image, {
      ...(args === undefined ? {} : { args }),
      ...wishes,
      env: { ...given, ...wishes.env },
      mounts: { [volume]: at.tmp, [DATA]: at.data, ...wishes.mounts },
    });
  return { ...at, start, run: (...wishes) => start(...wishes).ended };
}

/** Every file and folder of the image with its mode, owner, size and times. */
export function treeOf({ root }: Image): ReadonlySet<string> {
  const listing = execFileSync("find", [root, "-printf", "%P %y %m %U:%G %s %T@\\n"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return new Set(listing.split("\n"));
}

/** The image is to the byte what it was. */
export function expectUnchanged(image: Image, before: ReadonlySet<string>): void {
  const after = treeOf(image);
  // Equal or not, a listing of thirty thousand files is nothing to show.
  expect([...after].filter((line) => !before.has(line))).toEqual([]);
  expect(after.size).toBe(before.size);
}

/** Runs something, after which the volume is empty. */
export async function leavingNothing<Result>(at: ContainerScene, work: () => Promise<Result>): Promise<Result> {
  const result = await work();
  expect(await filesBelow(at.tmp)).toEqual([]);
  return result;
}
