import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Defect } from "./defects.ts";

const ROOT = join(import.meta.dirname, "../../..");

export interface Caught {
  readonly seed: number;
  readonly finding: string;
}

/**
 * Puts a defect into a copy of the sources and plays schedules there until one fails; returns null if none does. Throws if
 * the sources have changed so that the defect no longer fits.
 */
export async function catchDefect(defect: Defect, seed: number, runs: number): Promise<Caught | null> {
  const copy = await mkdtemp(join(tmpdir(), "pardot-etl-defect-"));
  try {
    for (const name of ["src", "test", "scripts", "package.json"]) {
      await cp(join(ROOT, name), join(copy, name), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
    await putInto(copy, defect);
    const complaints = await play(join(copy, "scripts/chaos.ts"), seed, runs);
    const failed = /seed (\d+) failed:\n {2}(.*)/.exec(complaints);
    return failed === null ? null : { seed: Number(failed[1]), finding: (failed[2] ?? "").slice(0, 200) };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function putInto(copy: string, { name, edits }: Defect): Promise<void> {
  for (const { file, find, put } of edits) {
    const path = join(copy, file);
    const text = await readFile(path, "utf8");
    if (text.split(find).length !== 2) throw new Error(`${name}: the text to replace is not exactly once in ${file}`);
    await writeFile(
      path,
      text.replace(find, () => put),
    );
  }
}

async function play(script: string, seed: number, runs: number): Promise<string> {
  const args = [script, "--child", "--until-failed", "--seed", String(seed), "--runs", String(runs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  let [output, complaints] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  await ended;
  if (output === "") throw new Error(`the schedules did not end: ${complaints}`);
  return complaints;
}
