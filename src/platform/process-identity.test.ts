import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemProcesses } from "./process-identity.ts";

// Holds G5: only a process that is known to be dead is succeeded at once.

const { self } = systemProcesses;
const isLinux = process.platform === "linux";

test("this process is not dead", () => {
  expect(systemProcesses.isDead(self)).toBe(false);
});

test.skipIf(!isLinux)("a process that is gone is dead, even if another one has its id by now", () => {
  expect(systemProcesses.isDead({ ...self, started: `${self.started}0` })).toBe(true);
  expect(systemProcesses.isDead({ ...self, pid: 2 ** 30 })).toBe(true);
});

test.skipIf(!isLinux)("a killed process is dead before its parent has reaped it", async () => {
  // The shell starts one process, prints its id, and becomes another program, which never waits for it.
  const shell = spawn("sh", ["-c", 'sleep 60 & echo "$!"; exec sleep 60'], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void shell.kill("SIGKILL"));
  const [line] = (await once(shell.stdout, "data")) as [Buffer];
  const pid = Number(line.toString("utf8"));
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const identity = { ...self, pid, started: stat.split(" ")[21] ?? "" };
  expect(systemProcesses.isDead(identity)).toBe(false);
  // Until then the shell itself may reap the process.
  await vi.waitFor(async () => expect(await readFile(`/proc/${shell.pid ?? 0}/cmdline`, "utf8")).toMatch(/^sleep/));
  process.kill(pid, "SIGKILL");
  await vi.waitFor(async () => expect((await readFile(`/proc/${pid}/stat`, "utf8")).split(" ")[2]).toBe("Z"));
  expect(systemProcesses.isDead(identity)).toBe(true);
});

test.each([
  ["another host", { host: "another" }],
  ["another start of the machine", { boot: self.boot.replace(/^\S+/, "00000000-0000") }],
  ["another container on this machine", { boot: self.boot.replace(/\d+\]$/, "1]") }],
  ["a system that does not tell", { boot: "" }],
])("nothing is known of a process of %s", (_where, other) => {
  expect(systemProcesses.isDead({ ...self, ...other, pid: 1, started: "0" })).toBe(false);
});
