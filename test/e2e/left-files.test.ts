import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runCli } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";

// Holds G2: result files that are requested and then not read release their slots. Before, the queue of exports waited for
// them forever, and the process ended midway with code 0.

it(
  "G2: a run that can no longer spool files ends with exit 7 and names every object",
  { timeout: 120_000 },
  async () => {
    const objects = ["VisitorActivity", "Prospect", "Visitor", "Tag"];
    const at = await scene({ knobs: { filesPerExport: 3 } }, { PARDOT_ETL_OBJECTS: objects.join(",") });
    onTestFinished(() => at.close());
    const { exitCode, error, manifest } = await at.run({
      onEvent: ({ type }) => {
        if (type === "connected") rmSync(at.tmp, { recursive: true });
      },
    });
    expect(exitCode).toBe(7);
    expect(error).toMatchObject({
      code: "storage.tmp-missing",
      hint: expect.stringMatching(/PARDOT_ETL_TMPDIR/) as string,
    });
    expect(manifest.objects.map(({ object, status }) => [object, status])).toEqual(
      objects.map((object) => [object, "failed"]),
    );
    for (const object of objects) expect(await filesBelow(join(at.data, object))).toEqual([]);
  },
);

it("G4: a run detects a missing temporary folder before it calls Pardot", async () => {
  const at = await scene();
  onTestFinished(() => at.close());
  const env = { ...at.env, PARDOT_ETL_TMPDIR: join(at.root, "nowhere") };
  const { code, stdout } = await runCli(["run", "--json"], env, { cwd: at.root });
  expect(code).toBe(7);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: "storage.tmp-missing", hint: expect.stringContaining("PARDOT_ETL_TMPDIR") as string },
  });
  expect(at.simulator.stats().requests).toEqual([]);
  expect(await filesBelow(at.data)).toEqual([]);
});
