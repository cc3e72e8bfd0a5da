import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { expect } from "vitest";
import type { Cli, CliResult } from "../e2e/cli.ts";
import { filesBelow, scene } from "../e2e/harness.ts";
import type { Environment, Scene } from "../e2e/harness.ts";
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
function treeOf({ root }: Image): ReadonlySet<string> {
  const listing = execFileSync("find", [root, "-printf", "%P %y %m %U:%G %s %T@\\n"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return new Set(listing.split("\n"));
}

/** What each image was when it was first looked at, and has to stay through all that is done with it. */
const firstTrees = new WeakMap<Image, ReadonlySet<string>>();

/** Runs something, after which the image is to the byte what it was, and its volume empty. */
export async function leavingNothing<Result>(
  image: Image,
  at: ContainerScene,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = firstTrees.get(image) ?? treeOf(image);
  firstTrees.set(image, before);
  const result = await work();
  // Equal or not, a listing of thirty thousand files is nothing to show.
  const after = treeOf(image);
  expect([...after].filter((line) => !before.has(line))).toEqual([]);
  expect(after.size).toBe(before.size);
  expect(await filesBelow(at.tmp)).toEqual([]);
  return result;
}
