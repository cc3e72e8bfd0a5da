import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = ["README.md", "SECURITY.md", "CHANGELOG.md"].concat(
  (await readdir(join(ROOT, "docs"), { recursive: true }))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
);

/** The anchors that GitHub gives a page's headings. */
async function anchors(path: string): Promise<readonly string[]> {
  const page = await readFile(path, "utf8");
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("links between pages", () => {
  test.each(PAGES)("every relative link in %s resolves", async (page) => {
    const text = await readFile(join(ROOT, page), "utf8");
    for (const [link, path = "", anchor = ""] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const target = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
      expect(existsSync(target), link).toBe(true);
      if (anchor !== "") expect(await anchors(target), link).toContain(anchor);
    }
  });

  test("every page can be reached from the README", async () => {
    const seen = new Set<string>();
    const visit = async (page: string): Promise<void> => {
      if (seen.has(page) || !page.endsWith(".md")) return;
      seen.add(page);
      const text = await readFile(join(ROOT, page), "utf8");
      for (const [, path = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]+)?\)/g))
        await visit(join(dirname(page), path));
    };
    await visit("README.md");
    expect(PAGES.filter((page) => !seen.has(page))).toEqual([]);
  });
});
