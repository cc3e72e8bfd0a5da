import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { CheckLine } from "../../src/operations/api.ts";
import { callCli } from "./cli.ts";
import type { CliResult } from "./cli.ts";
import { filesBelow } from "./scene.ts";
import type { Environment, Scene } from "./scene.ts";

interface SearchedCli {
  readonly cli: (at: Scene, args: readonly string[], env?: Environment, by?: typeof callCli) => Promise<CliResult>;
  /** A run that has to end with exit 0. */
  readonly run: (at: Scene, env?: Environment, by?: typeof callCli) => Promise<Manifest>;
  readonly checkLines: (at: Scene, env?: Environment, by?: typeof callCli) => Promise<Checked>;
}

interface Checked {
  readonly code: number | null;
  readonly lines: readonly CheckLine[];
}

/** The command line with its log at the finest. No canary is in its output, or in any file of the scene. */
export function searchedCli(canaries: readonly string[]): SearchedCli {
  const cli: SearchedCli["cli"] = async (at, args, env = {}, by = callCli) => {
    const result = await by([...args, "--log-level", "debug"], { ...at.env, ...env }, { cwd: at.root });
    const files = await filesBelow(at.root);
    const texts = await Promise.all(files.map((name) => readFile(join(at.root, name), "latin1")));
    for (const canary of canaries) {
      for (const text of [result.stdout, result.stderr, ...texts]) expect(text).not.toContain(canary);
    }
    return result;
  };
  return {
    cli,
    run: async (at, env, by) => {
      const { code, stdout, stderr } = await cli(at, ["run", "--json"], env, by);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
      return JSON.parse(stdout) as Manifest;
    },
    checkLines: async (at, env, by) => {
      const { code, stdout } = await cli(at, ["check", "--json"], env, by);
      return { code, lines: (JSON.parse(stdout) as Checked).lines };
    },
  };
}
