import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

// The examples that need no account, run as they are written.

const PAGE = await readFile(new URL("../../docs/library.md", import.meta.url), "utf8");
const SIMULATOR = new URL("../../src/simulator/index.ts", import.meta.url).href;
const EXAMPLES = Array.from(PAGE.matchAll(/^```ts\n(.*?)^```$/gms), ([, text = ""]) => text).filter((text) =>
  text.includes("startSimulator"),
);

test.each(EXAMPLES.map((text, index) => [index + 1, text] as const))(
  "example %i of the simulator runs as written",
  async (_, text) => {
    const folder = await mkdtemp(join(tmpdir(), "pardot-etl-library-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "example.mts");
    await writeFile(file, text.replace('"pardot-etl/simulator"', JSON.stringify(SIMULATOR)));
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
    expect(await once(child, "close")).toEqual([0, null]);
    const [first = ""] = output.split("\n");
    expect(first).toMatch(/^\d+/);
  },
);

test("the page has an example for each generation of the API", () => {
  expect(EXAMPLES).toHaveLength(2);
  expect(EXAMPLES[1]).toContain("api: 5");
});
