import { glob, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

// Holds docs/decisions/0002-layout.md: the folders of src in order, each importing only from those above it.

const ROOT = resolve(import.meta.dirname, "../..");
const SRC = join(ROOT, "src");

/** Folders that touch neither network, files nor processes. */
const PURE = new Set(["text", "errors", "time", "events", "catalog", "encode", "plan"]);
const IO = /^(?:node:(?:fs|http|https|net|tls|child_process)|undici|@aws-sdk|@duckdb|snowflake-sdk|pino)/;

function floorOf(path: string): string {
  return relative(SRC, path).split("/")[0]?.replace(/\.ts$/, "") ?? "";
}

interface Source {
  readonly file: string;
  /** Its folder, or its own name in src itself. */
  readonly floor: string;
  readonly specifiers: readonly string[];
}

/** Every source with what it imports, types included. */
async function sources(): Promise<readonly Source[]> {
  const found: Source[] = [];
  for await (const file of glob("**/*.ts", { cwd: SRC })) {
    if (file.endsWith(".test.ts")) continue;
    const text = await readFile(join(SRC, file), "utf8");
    const imports = [...text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*"([^"]+)"/gm)];
    found.push({ file, floor: floorOf(join(SRC, file)), specifiers: imports.map(([, specifier = ""]) => specifier) });
  }
  return found;
}

async function lawfulOrder(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, "docs/decisions/0002-layout.md"), "utf8");
  const list = /```text\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  return list.split("\n").flatMap((line) => /^(\w+)/.exec(line)?.[1] ?? []);
}

test("each folder of src imports only from folders above it in the layout's list, types included", async () => {
  const order = await lawfulOrder();
  const all = await sources();
  expect(new Set(order)).toEqual(new Set(all.map(({ floor }) => floor)));
  const upward = all.flatMap(({ file, floor, specifiers }) =>
    specifiers
      .filter((specifier) => {
        if (!specifier.startsWith(".")) return false;
        const to = floorOf(resolve(SRC, file, "..", specifier));
        return to !== floor && (floor === "simulator" || order.indexOf(to) > order.indexOf(floor));
      })
      .map((specifier) => `${file} imports ${specifier}`),
  );
  expect(upward).toEqual([]);
});

test("pure folders import nothing that reads files, opens sockets or starts processes", async () => {
  const pure = (await sources()).filter(({ floor }) => PURE.has(floor));
  expect(pure.length).toBeGreaterThan(20);
  expect(pure.filter(({ specifiers }) => specifiers.some((specifier) => IO.test(specifier)))).toEqual([]);
});
