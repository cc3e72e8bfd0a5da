import { afterEach, expect, test } from "vitest";
import { callCli, runCli, startCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import { isCounted } from "../kit/filter-pattern.ts";
import { scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { readTerraform } from "../terraform/module.ts";
import { fleetDefinition } from "./definition.ts";
import { StandInEcs, unit, unitOf } from "./ecs.ts";
import { execute } from "./states.ts";

// The chain of one morning: the state machine starts the units, the real program runs once for each kind of them (again
// wherever the machine starts it again), and the module's own metric filters read what it logged.

const scene = scenesUntil(afterEach);
const { definition } = fleetDefinition();
const module = await readTerraform("deploy/terraform");
const filters = module.locals.get("metric_filters") as Readonly<Record<string, { readonly pattern: string }>>;

const UNITS = Array.from({ length: 40 }, (_, index) => `unit-${index}`);

type Line = Readonly<Record<string, unknown>>;
type Program = () => Promise<CliResult>;

/** What each unit does that is not well; `env` is all that its settings change. */
async function troubled(): Promise<{
  readonly programs: ReadonlyMap<string, Program>;
  readonly end: () => Promise<void>;
}> {
  const program =
    ({ env, root }: Scene, change: Environment) =>
    () =>
      callCli(["run"], { ...env, ...change }, { cwd: root });
  const refused = await scene();
  refused.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 1000 }]);
  const busy = await scene();
  busy.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 1 }]);
  // The run in progress is seen to live at its next sign of life, a quarter of this later.
  const lease = { PARDOT_ETL_LEASE_TTL: "6s" };
  const other = startCli(["run"], { ...busy.env, ...lease }, { cwd: busy.root });
  await other.said("Tag: started");
  return {
    programs: new Map([
      ["unit-7", program(await scene(), { PARDOT_CLIENT_SECRET: "another-one" })],
      ["unit-19", program(refused, {})],
      ["unit-23", program(await scene(), { PARDOT_DAILY_CALL_BUDGET: "4" })],
      ["unit-31", () => runCli(["run"], { ...busy.env, ...lease }, { cwd: busy.root })],
    ]),
    end: async () => {
      other.kill("SIGKILL");
      await other.ended;
    },
  };
}

function linesOf({ stderr }: CliResult): readonly Line[] {
  return stderr.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
}

test("of forty units, two broken, one over quota and one already running, all run, and the end and the alarms name the right ones", async () => {
  const { programs, end } = await troubled();
  const well = await scene();
  const wellRun = await callCli(["run"], well.env, { cwd: well.root });
  expect(wellRun.code).toBe(0);
  const log = new Map<string, Line[]>(UNITS.map((name) => [name, []]));
  const ecs = new StandInEcs(async (call) => {
    const result = (await programs.get(unitOf(call))?.()) ?? wellRun;
    log.get(unitOf(call))?.push(...linesOf(result));
    return result.code ?? 137;
  });
  const execution = await execute(definition, { units: UNITS.map((name) => unit(name)) }, ecs);
  await end();

  expect(execution).toEqual({
    status: "FAILED",
    error: "UnitsFailed",
    cause: "2 of 40 units failed: unit-7 (exit code 3); unit-19 (exit code 5, 3 starts)",
  });
  expect(new Set(ecs.calls.map(unitOf))).toEqual(new Set(UNITS));
  expect(ecs.calls).toHaveLength(UNITS.length + 2);
  expect(ecs.mostAtOnce).toBe(8);

  const counted = (filter: string): readonly string[] =>
    UNITS.filter((name) => log.get(name)?.some((line) => isCounted(filters[filter]?.pattern ?? "", line)));
  expect(counted("succeeded")).toEqual(UNITS.filter((name) => !programs.has(name)));
  expect(counted("quota-stopped")).toEqual(["unit-23"]);
  // Every run has a last line, by which the alarms go, and which says whose it is.
  for (const [name, lines] of log) {
    const ends = lines.filter(({ event }) => event === "run_ended");
    expect([name, ends.length]).toEqual([name, name === "unit-19" ? 3 : 1]);
    expect(ends[0]?.["business_unit"]).toBe(well.env["PARDOT_BUSINESS_UNIT_ID"]);
  }
  expect(log.get("unit-31")?.at(-1)).toMatchObject({ exit_code: 8, level: "warn" });
});

test("forty units in good order succeed in lanes of eight, and the output is far below the limit", async () => {
  const ecs = new StandInEcs(() => 0);
  const variables = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`VARIABLE_${index}`, "x".repeat(100)]),
  );
  const execution = await execute(definition, { units: UNITS.map((name) => unit(name, variables)) }, ecs);
  expect(execution).toMatchObject({ status: "SUCCEEDED" });
  expect([ecs.calls.length, ecs.mostAtOnce, ecs.pauses.length]).toEqual([40, 8, 0]);
});
