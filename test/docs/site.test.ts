import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, posix } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { siteOf } from "../../scripts/site.ts";
import { readPage } from "../../scripts/site/pages.ts";
import { PICTURES } from "../../scripts/site/pictures.ts";
import { terminalPicture } from "../../scripts/site/terminal-picture.ts";
import { render } from "../../scripts/site/render.ts";
import { HAS_BROWSER, shownAt } from "../kit/browser.ts";
import type { Scheme } from "../kit/browser.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The site with lines added to a page. */
function siteWith(source: string, lines: string): () => unknown {
  return () =>
    siteOf((path) =>
      path === source ? { ...readPage(path), text: `${readPage(path).text}\n${lines}\n` } : readPage(path),
    );
}

describe("a build of the site", () => {
  test("fails on every link to a page, section or file that does not exist", () => {
    const links = "[a](nowhere.md) [b](dbt.md#nowhere) [c](#nowhere) [d](../nowhere.txt) [e](../../package.json)";
    expect(siteWith("docs/dbt.md", links)).toThrow(
      [
        "dead links:",
        "docs/dbt.md: no page or file nowhere.md",
        "docs/dbt.md: no page or file ../nowhere.txt",
        "docs/dbt.md: no page or file ../../package.json",
        "docs/dbt.md: no section #nowhere in docs/dbt.md",
      ].join("\n"),
    );
    expect(siteWith("README.md", "[a](docs/dbt.md#nowhere)")).toThrow("README.md: no section #nowhere in docs/dbt.md");
  });

  test("fails on what it would show wrongly: an element, an image, an unknown chart", () => {
    expect(siteWith("docs/dbt.md", "Written to runs/<run id>.")).toThrow("raw HTML: <run id>");
    expect(siteWith("docs/dbt.md", "![a](a.png)")).toThrow("an image: a.png");
    expect(siteWith("docs/dbt.md", "<!-- picture: nothing -->")).toThrow("docs/dbt.md: no picture nothing");
    expect(siteWith("docs/dbt.md", "```mermaid\nflowchart LR\n  a --> b{c}\n```")).toThrow("a chart with b{c}");
  });
});

describe("the site", () => {
  const { documents } = siteOf();
  const pages = Object.keys(documents).filter((name) => name.endsWith(".html"));

  test("has a page for each page of the manual, and each lists all of them in reading order", () => {
    expect(pages).toEqual(expect.arrayContaining(["index.html", "objects.html", "decisions/0002-layout.html"]));
    const order = ["quickstart", "authentication", "snowflake", "deploy-aws", "spec", "commands", "glossary"];
    for (const page of pages) {
      const [, menu = ""] = /<nav id="pages"(.*?)<\/nav>/s.exec(documents[page] ?? "") ?? [];
      const links = Array.from(menu.matchAll(/href="([^"#]+)"/g), ([, href = ""]) =>
        posix.join(posix.dirname(page), href),
      );
      expect(links.toSorted()).toEqual(pages.filter((other) => other !== "index.html").toSorted());
      expect(links.filter((link) => order.includes(link.replace(".html", "")))).toEqual(
        order.map((name) => `${name}.html`),
      );
    }
  });

  test("refers to nothing elsewhere but by links, and permits each page nothing else", () => {
    for (const page of pages) {
      const html = documents[page] ?? "";
      expect(html).toContain(`content="default-src 'none'; script-src 'self'; style-src 'self';`);
      const elements = Array.from(
        html.matchAll(/<(?!a )\w+ [^>]*\b(?:src|href|action|style)="([^"]*)"/g),
        ([, to = ""]) => to,
      );
      const own = elements.map((to) => to.replace(/^\.\.\//, ""));
      const isPicture = (to: string): boolean => Object.values(PICTURES).some(({ file }) => file === to);
      expect(own.filter((to) => !isPicture(to))).toEqual(["data:,", "style.css", "browser.js"]);
    }
  });

  test("shows every picture somewhere, with words for those who do not see it, and none in the Markdown", () => {
    const html = pages.map((page) => documents[page] ?? "").join("\n");
    for (const { file, words } of Object.values(PICTURES)) {
      const shown = file.endsWith(".html")
        ? `<iframe src="${file}" title="${words}"`
        : `<img src="${file}" alt="${words}"`;
      expect(html).toContain(shown);
    }
    expect(documents["quickstart.md"]).not.toMatch(/!\[|<img/);
  });

  test("has the sections of every page in its search index, by their words", () => {
    const [, json = ""] = /^globalThis\.searchIndex = (.*);\n$/s.exec(documents["search-index.js"] ?? "") ?? [];
    const entries = JSON.parse(json) as readonly (readonly string[])[];
    expect(new Set(entries.map(([address = ""]) => address.replace(/#.*/, "")))).toEqual(new Set(pages));
    const [, , heading, words] = entries.find(([address]) => address === "commands.html#choosing-objects") ?? [];
    expect(heading).toBe("Choosing objects");
    expect(words).toContain("names in any case: Tag,visitoractivity groups: core (the fourteen core objects)");
  });

  test("has the Markdown of each page for llms.txt, with links that lead to more Markdown", () => {
    const links = Array.from((documents["llms.txt"] ?? "").matchAll(/\]\(([^)]+)\)/g), ([, href = ""]) => href);
    expect(links).toHaveLength(pages.length - 1);
    expect(links.filter((link) => documents[link] === undefined)).toEqual([]);
    expect(documents["index.md"]).toContain("[Quick starts](quickstart.md)");
    expect(documents["reliability.md"]).toContain("[Security](SECURITY.md)");
  });
});

test("two sections of the same name have the anchors of GitHub", () => {
  expect(render("# A\n\n## `b` c\n\n## B c\n", () => null).headings.map(({ id }) => id)).toEqual(["a", "b-c", "b-c-1"]);
});

test("the picture of a terminal has its text in its colors, each piece in its column, and nothing that runs", () => {
  const picture = terminalPicture("\u001B[32mok\u001B[39m  <script>\n\u001B[1mA & B\u001B[22m\n", 20);
  expect(picture).toContain('<tspan x="16.0" fill="#7ee08a" textLength="16.8">ok</tspan>');
  expect(picture).toContain('<tspan x="32.8" fill="#e8ebef" textLength="84.0">  &lt;script&gt;</tspan>');
  expect(picture).toContain('font-weight="bold">A &amp; B</tspan>');
  expect(picture).toContain('width="200" height="70"');
  expect(() => terminalPicture("\u001B[95mpink", 20)).toThrow("an unknown code of a color: 95");
});

/** A host that only the server below answers for. */
const ORIGIN = "http://manual.test";

/** Chromium asks services of its maker, whatever the page; those that pages ask are not among them. */
const OF_CHROMIUM = /^(?:CONNECT |http:\/\/)(?!fonts\.|ajax\.|www\.)[\w-]+\.(?:google|googleapis)\.com\b/;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

interface Shown {
  readonly path: string;
  readonly violations: readonly string[];
  readonly passes: number;
  readonly innerWidth: number;
  readonly scrollWidth: number;
  readonly backgrounds: readonly string[];
  readonly results: readonly string[];
}

const SHOWN: readonly (readonly [string, number])[] = [
  ["quickstart.html", 360],
  ["index.html", 360],
  ["commands.html", 360],
  ["snowflake.html", 360],
  ["snowflake.html", 1400],
  ["decisions/0002-layout.html", 360],
];

/** Opens pages in frames, checks them with axe-core (test/e2e/report-page.test.ts checks the report page in a frame of theirs), searches, and switches the color scheme. */
const HARNESS = `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><script>
async function inspect(path, width) {
  const frame = document.createElement("iframe");
  frame.style = "border:0;height:900px;width:" + width + "px";
  frame.src = "/" + path;
  document.body.append(frame);
  await new Promise((resolve) => frame.addEventListener("load", resolve));
  const page = frame.contentDocument;
  const script = page.createElement("script");
  script.src = "/axe.js";
  page.head.append(script);
  await new Promise((resolve) => script.addEventListener("load", resolve));
  const rules = async () => frame.contentWindow.axe.run(page, { preload: false, iframes: false, resultTypes: ["violations", "passes"] });
  const background = () => getComputedStyle(page.body).backgroundColor;
  const before = await rules();
  const scrollWidth = page.documentElement.scrollWidth;
  const backgrounds = [background()];
  const input = page.querySelector("input");
  const results = [];
  for (const words of ["choosing obj", "lease"]) {
    page.querySelector("#results ol").replaceChildren();
    input.value = words;
    input.dispatchEvent(new Event("input"));
    while (page.querySelector("#results li") === null) await new Promise((resolve) => setTimeout(resolve, 10));
    const link = page.querySelector("#results a");
    results.push(link.getAttribute("href") + " " + link.textContent);
  }
  const found = await rules();
  page.querySelector("#scheme").click();
  backgrounds.push(background());
  const violations = [...before.violations, ...found.violations].map((it) => it.id + ": " + it.nodes[0].html);
  page.querySelector("#scheme").click();
  const { innerWidth } = frame.contentWindow;
  return { path, violations, passes: before.passes.length, innerWidth, scrollWidth, backgrounds, results };
}
addEventListener("load", async () => {
  const all = [];
  for (const [path, width] of ${JSON.stringify(SHOWN)}) all.push(await inspect(path, width));
  await fetch("/found", { method: "POST", body: JSON.stringify(all) });
});
</script><body>`;

describe.skipIf(!HAS_BROWSER)("the built site in Chromium", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pardot-etl-site-"));
    await promisify(execFile)(process.execPath, [join(ROOT, "scripts/site.ts"), folder]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Shows the pages through a proxy that also sees any request to another host. */
  async function show(
    scheme: Scheme,
  ): Promise<{ readonly shown: readonly Shown[]; readonly requests: readonly string[] }> {
    const requests: string[] = [];
    const found: string[] = [];
    const server = createServer((request, response) => {
      const url = request.url ?? "";
      requests.push(url);
      const path = url.startsWith(`${ORIGIN}/`) ? url.slice(ORIGIN.length + 1) : "";
      if (path === "found") {
        void text(request).then((body) => {
          found.push(body);
          response.end();
        });
        return;
      }
      const own: Readonly<Record<string, string>> = { "harness.html": HARNESS, "axe.js": axe.source };
      const file = join(folder, path);
      const body = own[path] ?? (path !== "" && existsSync(file) ? readFileSync(file) : undefined);
      response.writeHead(body === undefined ? 404 : 200, { "content-type": TYPES[extname(path)] ?? "text/plain" });
      response.end(body);
    });
    server.on("connect", (request, socket) => {
      requests.push(`CONNECT ${request.url}`);
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const proxy = `--proxy-server=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      // Rarely, Chromium ends after two seconds, before the pages have been inspected.
      for (let tries = 0; found.length === 0 && tries < 3; tries += 1) {
        await shownAt(`${ORIGIN}/harness.html`, scheme, [proxy, "--proxy-bypass-list=<-loopback>"]);
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
    return { shown: JSON.parse(found[0] ?? "[]") as readonly Shown[], requests };
  }

  test.each<[Scheme, readonly string[]]>([
    ["light", ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]],
    ["dark", ["rgb(20, 24, 29)", "rgb(255, 255, 255)"]],
  ])(
    "in %s breaks no rule of accessibility, never scrolls sideways, is searched, switches its colors, and requests nothing from elsewhere",
    async (scheme, backgrounds) => {
      const { shown, requests } = await show(scheme);
      expect(shown.flatMap(({ path, violations }) => violations.map((violation) => `${path}: ${violation}`))).toEqual(
        [],
      );
      expect(shown.map(({ path, innerWidth }) => [path, innerWidth])).toEqual(SHOWN);
      for (const page of shown) {
        expect(page.scrollWidth).toBeLessThanOrEqual(page.innerWidth);
        expect(page.passes).toBeGreaterThan(15);
        expect(page.backgrounds).toEqual(backgrounds);
        const root = page.path.startsWith("decisions/") ? "../" : "";
        // The glossary explains the lease; "Unreleased" in the title of a section only contains it.
        expect(page.results).toEqual([
          `${root}commands.html#choosing-objects Commands: Choosing objects`,
          `${root}glossary.html Glossary`,
        ]);
      }
      expect(requests).toEqual(expect.arrayContaining([`${ORIGIN}/style.css`, `${ORIGIN}/search-index.js`]));
      expect(requests.filter((url) => !url.startsWith(`${ORIGIN}/`) && !OF_CHROMIUM.test(url))).toEqual([]);
    },
  );
});
