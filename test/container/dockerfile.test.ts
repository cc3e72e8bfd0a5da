import { expect, test } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";
import { repositoryText } from "./image.ts";

// What no engine reports about the Dockerfile. image.test.ts builds it and looks at the result.

const text = (await repositoryText("Dockerfile")).replaceAll(/^#.*\n/gm, "").replaceAll(/ *\\\n */g, " ");
const [, officialBuild = "", official = "", ...stages] = text.split(/^(?=FROM )/m);
const last = stages.at(-1) ?? "";

test("every stage uses the same base image, a slim Node of the tested major version, which can be chosen", async () => {
  const { devDependencies } = JSON.parse(await repositoryText("package.json")) as Record<
    "devDependencies",
    Record<string, string>
  >;
  const [major] = (devDependencies["node"] ?? "").split(".");
  const image = /^FROM (docker\.io\/\S+) AS official$/m.exec(official)?.[1];
  expect(image).toMatch(new RegExp(`^docker\\.io/library/node:${major}-[a-z]+-slim(@sha256:[0-9a-f]{64})?$`));
  expect(officialBuild.trim()).toBe(`FROM --platform=$BUILDPLATFORM ${image} AS official-build`);
  expect(stages.map((stage) => /^FROM .*(?= AS|$)/m.exec(stage)?.[0].replace(/ AS .*/, ""))).toEqual([
    "FROM --platform=$BUILDPLATFORM ${NODE_IMAGE:-official-build}",
    "FROM --platform=$BUILDPLATFORM ${NODE_IMAGE:-official-build}",
    "FROM ${NODE_IMAGE:-official}",
  ]);
});

test("only the builder's platform runs commands, so both platforms are built without emulation", () => {
  for (const stage of stages.slice(0, -1)) {
    expect(stage).toMatch(/^FROM --platform=\$BUILDPLATFORM /);
    expect(stage).toMatch(/^RUN /m);
  }
  expect(last).not.toMatch(/^FROM --platform|^RUN /m);
});

test("packages come from the lock file without install scripts, and not one for development reaches the image", () => {
  const installs = stages.flatMap((stage) => /^RUN .*\bnpm (?:ci|i|install)\b.*$/m.exec(stage)?.[0] ?? []);
  expect(installs).toHaveLength(2);
  for (const install of installs) expect(install).toMatch(/&& npm ci .*--ignore-scripts\b/);
  expect(installs.filter((install) => install.includes("--omit=dev"))).toHaveLength(1);
  expect(last.match(/^COPY .*node_modules$/gm)).toEqual(["COPY --from=dependencies /app/node_modules node_modules"]);
  expect(stages[1]).toContain("--omit=dev");
});

test("no argument, variable or label takes a secret", () => {
  const names = [...text.matchAll(/^ARG (\w+)|(?<=^ENV .*)\b(\w+)=/gm)].map(([, arg, env]) => arg ?? env ?? "");
  expect(names.length).toBeGreaterThan(8);
  const settings = new Set(SETTINGS.map(({ env }): string => env));
  expect(names.filter((name) => settings.has(name))).toEqual(["PARDOT_ETL_TMPDIR"]);
  expect(names.filter((name) => /secret|token|passw|key|credential|AWS_/i.test(name))).toEqual([]);
});
