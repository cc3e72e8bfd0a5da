import { readFile } from "node:fs/promises";
import { runInNewContext, Script } from "node:vm";
import { beforeAll, describe, expect, test } from "vitest";

let source: string;
beforeAll(async () => {
  source = await readFile(new URL("../../src/bin.js", import.meta.url), "utf8");
});

interface Outcome {
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly loaded: readonly string[];
  readonly started: number;
}

/** Runs the entry under a Node that claims that version. */
function pretend(version: string): Outcome {
  const stderr: string[] = [];
  const loaded: string[] = [];
  let started = 0;
  const builtIn: Readonly<Record<string, object>> = {
    fs: { realpathSync: (path: string) => `/real${path}` },
    v8: { setFlagsFromString: () => {} },
    module: {
      createRequire: (from: string) => (name: string) => {
        loaded.push(`${name} from ${from}`);
        return { start: () => (started += 1) };
      },
    },
  };
  const process: { exitCode?: number } & Record<string, unknown> = {
    versions: { node: version },
    argv: ["node", "/link/pardot-etl"],
    stderr: { write: (text: string) => stderr.push(text) },
    // Older versions lack it: the entry must not use it there.
    ...(Number(version.split(".")[0]) < 22 ? {} : { getBuiltinModule: (name: string) => builtIn[name] }),
  };
  runInNewContext(source, { process });
  return { stderr: stderr.join(""), exitCode: process.exitCode, loaded, started };
}

describe("the entry file", () => {
  test.each(["4.9.1", "8.17.0", "20.20.2", "22.17.1"])(
    "on Node %s prints in one line the version it requires",
    (version) => {
      expect(pretend(version)).toEqual({
        stderr: `pardot-etl needs Node >=22.18; this is Node ${version}\n`,
        exitCode: 2,
        loaded: [],
        started: 0,
      });
    },
  );

  test.each(["22.18.0", "22.20.1", "23.0.0", "24.21.0"])("on Node %s starts, also through a link", (version) => {
    expect(pretend(version)).toEqual({
      stderr: "",
      exitCode: undefined,
      loaded: ["./cli/start.ts from /real/link/pardot-etl"],
      started: 1,
    });
  });

  test("is valid for the oldest Node: a plain script without syntax newer than 2015", () => {
    // Compiles as a script: no import or export declaration, no top-level await.
    expect(() => new Script(source)).not.toThrow();
    const code = source.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\/|^#!.*/gm, "");
    const newer = /=>|`|\?\.|\?\?|\*\*|\.\.\.|\b(?:const|let|class|async|await|import|export)\b/;
    expect(newer.exec(code)).toBeNull();
  });
});
