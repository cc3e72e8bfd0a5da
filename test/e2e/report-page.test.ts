import { describe, expect, test } from "vitest";
import { report } from "../../src/operations/report/report.ts";
import { runPage } from "../../src/report/page/page.ts";
import { HAS_BROWSER, inspectPages } from "../kit/browser.ts";
import type { Scheme } from "../kit/browser.ts";
import { openMorning, runtimeOf } from "../kit/mornings.ts";
import type { MorningName } from "../kit/mornings.ts";

// The page about a run in a real browser: accessible, and readable at every width, in light and dark.

async function pageOf(name: MorningName): Promise<string> {
  const morning = await openMorning(name);
  const config = { ...morning.config, etl: { ...morning.config.etl, warehouse: { kind: "duckdb" as const } } };
  return runPage(await report(config, null, runtimeOf(morning)), (text) => text);
}

const BACKGROUNDS = { light: "rgb(255, 255, 255)", dark: "rgb(20, 24, 29)" };

/** Each morning once, each width in both schemes. */
const SHOWN: Readonly<Record<Scheme, readonly (readonly [MorningName, number])[]>> = {
  light: [
    ["partial", 360],
    ["drift", 800],
    ["well", 1400],
  ],
  dark: [
    ["rejects", 360],
    ["silent", 360],
    ["died", 800],
    ["quota", 1400],
  ],
};

describe.skipIf(!HAS_BROWSER)("the pages in Chromium", () => {
  test.each<Scheme>(["light", "dark"])(
    "in %s break no rule of accessibility, and scroll sideways at no width",
    async (scheme) => {
      const shown = SHOWN[scheme];
      const pages = await Promise.all(shown.map(async ([name, width]) => ({ page: await pageOf(name), width })));
      const found = await inspectPages(pages, scheme);
      expect(found.flatMap(({ violations }) => violations)).toEqual([]);
      expect(found.map(({ innerWidth }) => innerWidth)).toEqual(shown.map(([, width]) => width));
      for (const { passes, isDark, background, innerWidth, scrollWidth } of found) {
        expect(scrollWidth).toBeLessThanOrEqual(innerWidth);
        expect(passes).toBeGreaterThan(15);
        expect([isDark, background]).toEqual([scheme === "dark", BACKGROUNDS[scheme]]);
      }
    },
  );
});
