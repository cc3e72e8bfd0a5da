import { readFile } from "node:fs/promises";
import { validate } from "dockerfile-utils";
import { expect, test } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";
import { readDockerfile } from "./dockerfile.ts";
import type { Step } from "./dockerfile.ts";

// Checks that only read the Dockerfile. image.test.ts builds the image.

const text = await readFile(new URL("../../Dockerfile", import.meta.url), "utf8");
const { args, stages } = readDockerfile(text);
const last = stages.at(-1)?.steps ?? [];

function only(keyword: string): Step {
  const found = last.filter((step) => step.keyword === keyword);
  expect(found, `${keyword} of the last stage`).toHaveLength(1);
  return found[0] as Step;
}

function place(keyword: string): number {
  return last.findIndex((step) => step.keyword === keyword);
}

test("the linter finds no problem, and does in a broken file", () => {
  expect(validate(text)).toEqual([]);
  expect(validate(`${text}\nCMD [run\nEXPOSE a`).length).toBeGreaterThan(0);
});

test("every stage uses the same base image, a slim Node of the tested major version, which can be pinned", async () => {
  const { devDependencies } = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  ) as Record<"devDependencies", Record<string, string>>;
  const [major] = (devDependencies["node"] ?? "").split(".");
  expect(args["NODE_IMAGE"]).toMatch(new RegExp(`^docker\\.io/library/node:${major}-[a-z]+-slim$`));
  expect(new Set(stages.map(({ base }) => base))).toEqual(new Set(["${NODE_IMAGE}"]));
});

test("only the builder's platform runs commands, so both platforms are built without emulation", () => {
  for (const { flags, steps } of stages.slice(0, -1)) {
    expect(flags).toEqual({ platform: "$BUILDPLATFORM" });
    expect(steps.some(({ keyword }) => keyword === "RUN")).toBe(true);
  }
  expect(stages.at(-1)?.flags).toEqual({});
  expect(last.filter(({ keyword }) => keyword === "RUN")).toEqual([]);
});

test("packages come from the lock file without install scripts, and the image has none for development", () => {
  const installs = stages.flatMap(({ name, steps }) =>
    steps.filter((step) => /\bnpm\b/.test(step.text)).map((step): [string, string] => [name, step.text]),
  );
  expect(installs.map(([name]) => name)).toEqual(["build", "dependencies"]);
  for (const [, command] of installs) expect(command).toMatch(/^npm ci .*--ignore-scripts\b/);
  expect(new Map(installs).get("dependencies")).toContain("--omit=dev");
  const modules = last.filter((step) => step.text.includes("node_modules"));
  expect(modules.map(({ flags }) => flags)).toEqual([{ from: "dependencies" }]);
});

test("the command is Node itself, without a shell, as a numeric user who is not root", () => {
  expect(only("ENTRYPOINT")).toMatchObject({ isJson: true, words: ["node", "/app/dist/bin.js"] });
  expect(only("CMD")).toMatchObject({ isJson: true, words: ["run"] });
  expect(only("USER").words).toEqual([expect.stringMatching(/^[1-9]\d{4}:[1-9]\d{4}$/)]);
  expect(only("WORKDIR").words).toEqual(["/app"]);
});

test("the only volume is the temporary folder, with the owner from the tree", () => {
  const [volume = ""] = only("VOLUME").words;
  expect(only("VOLUME").words).toHaveLength(1);
  const env = Object.assign({}, ...last.map(({ keyword, pairs }) => (keyword === "ENV" ? pairs : {}))) as Step["pairs"];
  expect(env).toEqual({
    PARDOT_ETL_TMPDIR: volume,
    TMPDIR: volume,
    HOME: volume,
    NODE_DISABLE_COMPILE_CACHE: "1",
  });
  const makes = last.findIndex(({ keyword, words }) => keyword === "COPY" && words.at(-1) === volume);
  expect(last[makes]?.flags["chown"]).toBe(only("USER").words[0]);
  // Changes after VOLUME would be lost.
  expect(makes).toBeGreaterThan(-1);
  expect(makes).toBeLessThan(place("VOLUME"));
});

test("no argument, variable or label takes a secret", () => {
  const named = stages.flatMap(({ steps }) => steps.flatMap(({ pairs }) => Object.keys(pairs)));
  const names = [...Object.keys(args), ...named];
  expect(names.length).toBeGreaterThan(10);
  const settings = new Set(SETTINGS.map(({ env }): string => env));
  expect(names.filter((name) => settings.has(name))).toEqual(["PARDOT_ETL_TMPDIR"]);
  expect(names.filter((name) => /secret|token|passw|key|credential|AWS_/i.test(name))).toEqual([]);
});

test("labels name the image, its version and its source", () => {
  const { pairs } = only("LABEL");
  expect(Object.keys(pairs).map((name) => name.replace("org.opencontainers.image.", ""))).toEqual([
    "title",
    "description",
    "licenses",
    "version",
    "revision",
    "created",
  ]);
});
