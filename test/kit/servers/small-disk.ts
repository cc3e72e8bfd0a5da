import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory, mounted for one test file. */
export interface SmallDisk {
  readonly path: string;
  /** Mounts it again so that nothing can be written. */
  makeReadOnly(): void;
  unmount(): void;
}

/** Mounts a disk of so many bytes; the reason as text where this machine does not permit it (it takes root). */
export function mountSmallDisk(bytes: number): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), "pardot-etl-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path], { stdio: "pipe" });
  } catch (error) {
    rmdirSync(path);
    return error instanceof Error ? (error.message.trim().split("\n").at(-1) ?? "refused") : String(error);
  }
  return {
    path,
    makeReadOnly() {
      execFileSync("mount", ["-o", "remount,ro", path], { stdio: "pipe" });
    },
    unmount() {
      execFileSync("umount", [path], { stdio: "pipe" });
      rmdirSync(path);
    },
  };
}
