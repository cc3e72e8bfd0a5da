import { expect, test } from "vitest";
import { ensureHome } from "./environment.ts";

const unknown = (): string => {
  throw new Error("uv_os_homedir returned ENOENT");
};

test.each<readonly [string, NodeJS.ProcessEnv, () => string, NodeJS.ProcessEnv]>([
  ["is set is kept", { HOME: "/home/etl" }, unknown, { HOME: "/home/etl" }],
  ["the system knows stays unset", {}, () => "/root", {}],
  ["is unknown becomes the root", {}, unknown, { HOME: "/" }],
])("a home that %s", (_what, env, ask, wanted) => {
  ensureHome(env, ask);
  expect(env).toEqual(wanted);
});
