import { expect, it, onTestFinished } from "vitest";
import { expectExactly, OBJECTS, scene } from "../kit/scene.ts";

it(
  "a run reads an account that requires version 3, including exports and their files",
  { timeout: 120_000 },
  async () => {
    const at = await scene({ knobs: { versionAllowed: 3 } });
    onTestFinished(() => at.close());
    const { exitCode, manifest } = await at.run();
    expect(exitCode).toBe(0);
    expect(manifest.objects.map(({ api_version: version }) => version)).toEqual(OBJECTS.map(() => "3"));
    for (const object of OBJECTS) await expectExactly(at, object);
    // The refusal of version 4 is a call as well.
    expect(manifest.api_calls.total).toBe(at.simulator.stats().calls);
  },
);
