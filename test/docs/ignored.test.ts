import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Files and folders that the pages tell users to create in the checkout. */
async function made(): Promise<string[]> {
  const pages = (await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md"));
  const texts = await Promise.all(
    ["README.md", ...pages.map((name) => `docs/${name}`)].map((name) => readFile(join(ROOT, name), "utf8")),
  );
  const named = texts.flatMap((text) => [
    ...text.matchAll(/(?:-out|-keyout) ([\w./-]+)/g),
    ...text.matchAll(/ > (?:\.\.\/)*([\w-]+\.\w+)(?=`?(?: |$))/gm),
    ...text.matchAll(/--(?:config|output|certificate)[ \n]([\w-]+\.\w+)/g),
    ...text.matchAll(/(?:DESTINATION=|duckdb:|database\s`)\.\/([\w.-]+)/g),
    ...text.matchAll(/KEY_FILE=([\w.-]+)/g),
  ]);
  return [...new Set(named.map(([, name = ""]) => name)), "data2/", "pardot-etl.yaml"];
}

test("git ignores every file that the pages tell users to create, so a deployment does not refuse the tree", async () => {
  const names = await made();
  expect(names).toEqual(expect.arrayContaining(["pardot_etl.p8", "tables.sql", "pardot.duckdb", "pardot-etl.key"]));
  // git ignores a folder by its contents.
  expect(names).toEqual(expect.arrayContaining(["env.sh", "acme.yaml", "report.txt", "pardot-etl.crt"]));
  const paths = names.map((name) => (name.includes(".") ? name : join(name, "x")));
  const ignored = execFileSync("git", ["check-ignore", "--no-index", ...paths], { cwd: ROOT, encoding: "utf8" });
  expect(ignored.trim().split("\n")).toEqual(paths);
});
