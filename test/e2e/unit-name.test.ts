import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { callCli } from "../kit/cli.ts";
import { filesBelow, scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// The name of the business unit, which runs read with the account and remember for those that cannot.

const start = scenesUntil(afterEach);
const NAME = 'Acme & Sons, "Ltd"';

function choose(at: Scene, columns: string): Promise<void> {
  return writeFile(join(at.root, "pardot-etl.yaml"), `columns: ${columns}\n`);
}

async function status(at: Scene): Promise<string> {
  return (await callCli(["status", "--json"], at.env, { cwd: at.root })).stdout;
}

it("is known to later runs and to status", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Account" });
  expect((await at.run()).events).toContainEqual({ type: "unit-known", unitName: NAME });
  expect((await at.run()).events).toContainEqual(expect.objectContaining({ type: "history-known", unitName: NAME }));
  expect(JSON.parse(await status(at))).toMatchObject({ business_unit_name: NAME });
});

it.each(["hash", "drop"])(
  "is in no file, event or status with %s, also if an earlier run has recorded it",
  async (way) => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Account", PARDOT_ETL_HASH_KEY: "a key of this test" });
    await at.run();
    await choose(at, `{Account: {${way}: [company]}}`);
    expect(await status(at)).not.toContain("Acme");
    for (const _ of [1, 2]) {
      const { events } = await at.run({ options: { full: true } });
      expect(JSON.stringify(events)).not.toContain("Acme");
      expect(events).toContainEqual({ type: "unit-known", unitName: null });
    }
    expect(await status(at)).not.toContain("Acme");
    const fresh = join(at.root, "fresh");
    expect((await at.run({ env: { PARDOT_ETL_DESTINATION: fresh } })).exitCode).toBe(0);
    for (const name of await filesBelow(fresh)) {
      expect(await readFile(join(fresh, name), "latin1")).not.toContain("Acme");
    }
  },
);
