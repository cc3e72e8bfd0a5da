import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runCli } from "./cli.ts";
import { filesBelow, scene, wholeManifests } from "./harness.ts";

// Holds G2: result files that are asked for and then not read give their places back. When they did not, the queue of
// exports waited for them for good, and the process ended in the middle with code 0.

it(
  "G2: a run whose files cannot be spooled ends, with exit 7 and every object named",
  { timeout: 120_000 },
  async () => {
    const at = await scene({ knobs: { filesPerExport: 3 } });
    onTestFinished(() => at.close());
    const objects = ["VisitorActivity", "Prospect", "Visitor", "Tag"];
    const env = { ...at.env, PARDOT_ETL_TMPDIR: join(at.root, "nowhere") };
    const { code, stdout } = await runCli(["run", ...objects, "--json"], env, { cwd: at.root });
    expect(code).toBe(7);
    const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
    expect(error).toMatchObject({
      code: "storage.tmp-missing",
      hint: expect.stringMatching(/PARDOT_ETL_TMPDIR/) as string,
    });
    const [manifest] = await wholeManifests(at.data);
    expect(manifest?.objects.map(({ object, status }) => [object, status])).toEqual(
      objects.map((object) => [object, "failed"]),
    );
    for (const object of objects) expect(await filesBelow(join(at.data, object))).toEqual([]);
  },
);
