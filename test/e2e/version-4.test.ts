import { afterEach, expect, it } from "vitest";
import { byId, landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { newest } from "../kit/records.ts";

// Holds G1 for the objects that come through v5 by default, where an account has only v4.

const start = scenesUntil(afterEach);

/** The newest landed version of every record has what the account shows in v4, and null in the other columns. */
async function expectEqual(at: Scene, object: string, ignored: readonly string[]): Promise<void> {
  const landed = newest(await landedRecords(at.data, object));
  const wanted = byId(truth(at.simulator, object, { api: 4, isXml: true }));
  expect(wanted.size).toBeGreaterThan(0);
  for (const [id, row] of wanted) {
    const { account: _, ...shown } = row;
    const found = Object.entries(landed.get(id) ?? {}).filter(([name]) => !ignored.includes(name));
    expect(Object.fromEntries(found.filter(([name, value]) => name in shown || value !== null)), id).toEqual(shown);
  }
}

interface PageView {
  readonly id: number;
  readonly url: string;
  readonly title: string | null;
}

/** Every page view of a landed visit is in it. Page views deleted since may be in it, too. */
async function expectPageViews(at: Scene): Promise<void> {
  const visits = newest(await landedRecords(at.data, "Visit"));
  const views = new Map<number, unknown>();
  for (const [visit, row] of visits) {
    for (const view of JSON.parse(row["visitor_page_views"] ?? "[]") as readonly PageView[]) {
      views.set(view.id, { id: String(view.id), url: view.url, title: view.title, visitId: visit });
    }
  }
  const actual = truth(at.simulator, "VisitorPageView", { api: 5 })
    .filter(({ visitId }) => visits.has(visitId ?? ""))
    .map(({ id, url, title, visitId }) => ({ id, url, title, visitId }));
  expect(actual.length).toBeGreaterThan(0);
  expect(actual.map(({ id }) => views.get(Number(id)))).toEqual(actual);
}

it("G1 users and visits are read through v4, with the page views, on the full load and after each day", async () => {
  const at = await start(
    { scale: "tiny", timezone: "America/New_York" },
    { PARDOT_API_VERSION: "4", PARDOT_ETL_OBJECTS: "User,Visit" },
  );
  for (let day = 0; day < 3; day += 1) {
    if (day > 0) at.simulator.advance(1);
    const { error, manifest } = await at.run();
    expect(error).toBeNull();
    expect(manifest.objects.map(({ object, api_version: version }) => [object, version])).toEqual([
      ["Visit", "4"],
      ["User", "4"],
    ]);
    await expectEqual(at, "User", []);
    await expectEqual(at, "Visit", ["visitor_page_views"]);
    await expectPageViews(at);
  }
  expect(Object.keys(at.simulator.stats().byKind).filter((kind) => kind.startsWith("v5"))).toEqual([]);
});

it("G3 visits go on from the visitors that are not read yet after a budget ended a run", async () => {
  const rows = { Visitor: 3000, Visit: 3000 };
  const env = { PARDOT_API_VERSION: "4", PARDOT_ETL_OBJECTS: "Visit" };
  const at = await start({ scale: "tiny", rows }, env);
  const { total } = (await at.run()).manifest.api_calls;
  const other = await start({ scale: "tiny", rows }, env);
  let calls = 0;
  let runs = 0;
  for (let isDone = false; !isDone && runs < 12; runs += 1) {
    const { manifest } = await other.run({ env: { PARDOT_DAILY_CALL_BUDGET: String((runs + 1) * 12) } });
    // The whole history is one window.
    isDone = manifest.objects[0]?.windows.some(({ through_id: through }) => through === undefined) === true;
    calls += manifest.api_calls.total;
  }
  expect(runs).toBeGreaterThan(2);
  // Each run looks at the account, and may repeat a page of visitors and their visits.
  expect(calls).toBeLessThanOrEqual(total + runs * 5);
  const landed = await landedRecords(other.data, "Visit");
  const ids = new Set(byId(landed).keys());
  expect(ids.size).toBe(landed.length);
  expect(ids).toEqual(new Set(byId(await landedRecords(at.data, "Visit")).keys()));
});
