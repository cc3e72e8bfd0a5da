import { expect } from "vitest";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { RunResult } from "../../src/operations/api.ts";
import type { FaultRule } from "../../src/simulator/faults.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { readStrictly } from "./records.ts";
import { landedRecords, landedText, wholeManifests } from "./scene.ts";
import type { Environment, RunWishes, Scene, scene } from "./scene.ts";
import { v5Rows } from "./v5-truth.ts";

export interface V5Wishes extends Omit<SimulatorOptions, "rows"> {
  readonly faults?: readonly FaultRule[];
  readonly env?: Environment;
}

/** Opens accounts with so many rows of each object, which only these objects are read from through API v5. */
export function v5Scenes(
  open: typeof scene,
): (rows: Readonly<Record<string, number>>, wishes?: V5Wishes) => Promise<Scene> {
  return async (rows, { faults = [], env, knobs, ...rest } = {}) => {
    const { TaggedObject, ...others } = rows;
    const simulated = { ...others, ...(TaggedObject === undefined ? {} : { TagObject: TaggedObject }) };
    const at = await open(
      { rows: simulated, ...rest, knobs: { v5ReadLagSeconds: 0, clock: "frozen", ...knobs } },
      { PARDOT_ETL_V5_LAG: "1m", PARDOT_ETL_OBJECTS: Object.keys(rows).join(","), ...env },
    );
    at.simulator.faults(faults);
    return at;
  };
}

export function objectIn({ manifest }: RunResult, name: string): ManifestObject {
  const object = manifest.objects.find((one) => one.object === name);
  if (object === undefined) throw new Error(`the manifest has no ${name}`);
  return object;
}

/** Every record that the user may see has landed once. */
export async function expectEachOnce(at: Scene, object: string): Promise<void> {
  const ids = (await landedRecords(at.data, object)).map(({ id }) => id);
  const rows = v5Rows(at.simulator, object, "all");
  expect(new Set(ids), object).toEqual(new Set(rows.keys()));
  expect(ids.length, object).toBe(rows.size);
}

/** Every record is once in the files of all manifests, which name every landed file once. */
export async function expectCommittedOnce(at: Scene, object: string): Promise<void> {
  const keys = (await wholeManifests(at.data)).flatMap(({ objects }) =>
    objects.flatMap(({ files }) => files.map(({ key }) => key)),
  );
  const texts = await Promise.all(keys.map((key) => landedText(at.data, key)));
  const ids = texts.flatMap((text) => readStrictly(text).records.map(({ id }) => id ?? ""));
  const rows = v5Rows(at.simulator, object, "all");
  expect(new Set(ids)).toEqual(new Set(rows.keys()));
  expect(ids.length).toBe(rows.size);
}

export async function expectComplete(at: Scene, ...objects: readonly string[]): Promise<RunResult> {
  const result = await at.run();
  expect(result.error).toBeNull();
  for (const object of objects) await expectEachOnce(at, object);
  return result;
}

export function warningsOf({ manifest }: RunResult): [string | null, string][] {
  return manifest.warnings.map(({ object, code }) => [object, code]);
}

/** The result of a run, and the API's answers to its queries: the status of each. */
export async function watched(
  at: Scene,
  wishes: RunWishes = {},
): Promise<{ readonly result: RunResult; readonly queries: readonly number[] }> {
  const before = at.simulator.stats().requests.length;
  const result = await at.run(wishes);
  const queries = at.simulator
    .stats()
    .requests.slice(before)
    .filter(({ parameters }) => parameters["limit"] !== undefined || parameters["nextPageToken"] !== undefined)
    .map(({ status }) => status ?? 0);
  return { result, queries };
}
