import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";

const CHROMIUM = "/usr/bin/chromium";

/** Whether Debian's Chromium is there; CI requires it. */
export const HAS_BROWSER: boolean = existsSync(CHROMIUM) || process.env["PARDOT_ETL_REQUIRE_BROWSER"] === "1";

export type Scheme = "light" | "dark";

/** A page in a frame of a width. */
export interface Framed {
  readonly page: string;
  readonly width: number;
}

export interface Inspected {
  /** The rules of axe-core that the page breaks, each with the first element. */
  readonly violations: readonly { readonly id: string; readonly help: string; readonly first: string }[];
  /** Rules that were found to hold. */
  readonly passes: number;
  readonly innerWidth: number;
  /** Of the document: more than the inner width means that the page itself scrolls sideways. */
  readonly scrollWidth: number;
  readonly isDark: boolean;
  /** Background of the body, to see that the style is in force. */
  readonly background: string;
}

/** In a frame: tells the window what axe-core finds. */
const INSPECT = `axe.run(document, { resultTypes: ["violations", "passes"] }).then(({ violations, passes }) => {
  parent.found(frameElement.id, {
    violations: violations.map(({ id, help, nodes }) => ({ id, help, first: nodes[0].html + " " + nodes[0].failureSummary })),
    passes: passes.length,
    innerWidth,
    scrollWidth: document.documentElement.scrollWidth,
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor,
  });
});`;

/** In the window: collects it as text that is not markup. */
const COLLECT = `const all = {};
function found(id, one) {
  all[id] = one;
  const text = btoa(unescape(encodeURIComponent(JSON.stringify(all))));
  document.getElementById("found").textContent = "[" + text + "]";
}`;

/**
 * Runs axe-core on pages in one headless Chromium, each in a frame as wide as a window might be: Chromium's own window is
 * never narrower than 500. The pages' policy permits no script: it is taken out for that.
 */
export async function inspectPages(pages: readonly Framed[], scheme: Scheme): Promise<readonly Inspected[]> {
  const frames = pages.map(({ page, width }, i) => {
    const open = page
      .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
      .replace("</body>", () => `<script>${axe.source}</script><script>${INSPECT}</script></body>`);
    const quoted = open.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    return `<iframe id="f${i}" style="border:0;width:${width}px;height:900px" srcdoc="${quoted}"></iframe>`;
  });
  const head = `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><script>${COLLECT}</script>`;
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-browser-"));
  try {
    const file = join(folder, "page.html");
    await writeFile(file, `<!doctype html>${head}<p id="found"></p>${frames.join("")}`);
    const text = /<p id="found">\[([^\]]*)\]<\/p>/.exec(await shownAt(`file://${file}`, scheme))?.[1] ?? "";
    const found = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as Readonly<Record<string, Inspected>>;
    return pages.flatMap((_, i) => found[`f${i}`] ?? []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Opens an address in headless Chromium, with further options, and returns the document once nothing is left to do. */
export async function shownAt(url: string, scheme: Scheme, options: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-chromium-"));
  try {
    const { stdout } = await promisify(execFile)(
      CHROMIUM,
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--user-data-dir=${folder}`,
        `--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`,
        "--virtual-time-budget=60000",
        ...options,
        "--dump-dom",
        url,
      ],
      { maxBuffer: 256 * 1024 * 1024 },
    );
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
