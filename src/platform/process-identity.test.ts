import { expect, test } from "vitest";
import { systemProcesses } from "./process-identity.ts";

// Holds G5: only a process that is known to be dead is succeeded at once.

const { self } = systemProcesses;
const isLinux = process.platform === "linux";

test("this process is not dead", () => {
  expect(systemProcesses.isDead(self)).toBe(false);
});

test.skipIf(!isLinux)("a process that is gone is dead, also where another one has its id by now", () => {
  expect(systemProcesses.isDead({ ...self, started: `${self.started}0` })).toBe(true);
  expect(systemProcesses.isDead({ ...self, pid: 2 ** 30 })).toBe(true);
});

test.each([
  ["another host", { host: "another" }],
  ["another start of the machine", { boot: self.boot.replace(/^\S+/, "00000000-0000") }],
  ["another container on this machine", { boot: self.boot.replace(/\d+\]$/, "1]") }],
  ["a system that does not tell", { boot: "" }],
])("nothing is known of a process of %s", (_where, other) => {
  expect(systemProcesses.isDead({ ...self, ...other, pid: 1, started: "0" })).toBe(false);
});
