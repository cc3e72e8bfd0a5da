import { expect, test } from "vitest";
import { nameHome } from "./home.ts";

const unknown = (): string => {
  throw new Error("uv_os_homedir returned ENOENT");
};

test.each<readonly [string, NodeJS.ProcessEnv, () => string, NodeJS.ProcessEnv]>([
  ["is given", { HOME: "/home/etl" }, unknown, { HOME: "/home/etl" }],
  ["is known to the system", {}, () => "/root", {}],
  ["nobody knows is the root", {}, unknown, { HOME: "/" }],
])("a home that %s", (_what, env, ask, wanted) => {
  nameHome(env, ask);
  expect(env).toEqual(wanted);
});
