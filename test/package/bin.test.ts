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
  /** The words and variables of the process that replaces this one. */
  readonly replaced: readonly { readonly words: readonly string[]; readonly arenas: string | undefined }[];
  readonly flags: readonly string[];
}

/** Runs the entry under a Node that claims that version. `more`: members of `process` that this Node has besides. */
function pretend(version: string, more: Readonly<Record<string, unknown>> = {}): Outcome {
  const stderr: string[] = [];
  const loaded: string[] = [];
  const replaced: Outcome["replaced"][number][] = [];
  const flags: string[] = [];
  let started = 0;
  const builtIn: Readonly<Record<string, object>> = {
    fs: { realpathSync: (path: string) => `/real${path}` },
    v8: { setFlagsFromString: (flag: string) => flags.push(flag) },
    module: {
      createRequire: (from: string) => (name: string) => {
        loaded.push(`${name} from ${from}`);
        return { start: () => (started += 1) };
      },
    },
  };
  const process: { exitCode?: number } & Record<string, unknown> = {
    versions: { node: version },
    argv: ["node", "/link/pardot-etl", "run", "List"],
    execPath: "/bin/node",
    execArgv: ["--inspect"],
    env: { HOME: "/home" },
    execve: (_path: string, words: readonly string[], env: Readonly<Record<string, string>>) => {
      replaced.push({ words, arenas: env["MALLOC_ARENA_MAX"] });
    },
    stderr: { write: (text: string) => stderr.push(text) },
    // Older versions lack it: the entry must not use it there.
    ...(Number(version.split(".")[0]) < 22 ? {} : { getBuiltinModule: (name: string) => builtIn[name] }),
    ...more,
  };
  runInNewContext(source, { process });
  return { stderr: stderr.join(""), exitCode: process.exitCode, loaded, started, replaced, flags };
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
        replaced: [],
        flags: [],
      });
    },
  );

  test.each(["22.18.0", "22.20.1", "23.0.0", "24.21.0"])("on Node %s starts, also through a link", (version) => {
    expect(pretend(version)).toMatchObject({
      stderr: "",
      exitCode: undefined,
      loaded: ["./cli/start.ts from /real/link/pardot-etl"],
      started: 1,
    });
  });

  test("replaces the process once by one with limits for memory, and keeps its options, words and variables", () => {
    const limits = ["--max-semi-space-size=8", "--heap-growing-percent=100", "--expose-gc"];
    const words = ["/bin/node", "--inspect", ...limits, "/link/pardot-etl", "run", "List"];
    expect(pretend("24.21.0")).toMatchObject({ replaced: [{ words, arenas: "1" }], flags: [] });
    expect(pretend("24.21.0", { execArgv: limits })).toMatchObject({ replaced: [], flags: [], started: 1 });
    const env = { MALLOC_ARENA_MAX: "2" };
    expect(pretend("24.21.0", { env })).toMatchObject({ replaced: [{ words, arenas: "2" }] });
  });

  test("saves memory at the price of speed where a process cannot be replaced, or need not for a page of help", () => {
    const argv = ["node", "/link/pardot-etl", "run", "--help"];
    const cannot = [{ argv }, { execve: undefined }, { platform: "win32" }, { permission: {} }, { connected: true }];
    for (const more of cannot) {
      expect(pretend("22.18.0", more)).toMatchObject({ replaced: [], flags: ["--optimize-for-size"], started: 1 });
    }
  });

  test("is valid for the oldest Node: a plain script without syntax newer than 2015", () => {
    // Compiles as a script: no import or export declaration, no top-level await.
    expect(() => new Script(source)).not.toThrow();
    const code = source.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\/|^#!.*/gm, "");
    const newer = /=>|`|\?\.|\?\?|\*\*|\.\.\.|\b(?:const|let|class|async|await|import|export)\b/;
    expect(newer.exec(code)).toBeNull();
  });
});
