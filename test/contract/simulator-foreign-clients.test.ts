import { describe, expect, test } from "vitest";
import { connect, elements, parseXml, records, shown } from "../kit/simulator-client.ts";
import { byId, truth } from "../kit/simulator-rows.ts";

// What clients that others wrote for the real API need: Crim/pardot-java-client (its order of the URL, posted keys),
// singer-io/tap-pardot and dreamdata-io/tap-pardot (users, visits, the autumn hour), pardot/ruby-pardot.

describe("the other order of the URL", () => {
  test("reaches every operation, with keys in the path or in a form", async () => {
    await using client = await connect();
    const post = (path: string, form: Readonly<Record<string, string>>): ReturnType<typeof client.call> =>
      client.call(path, { method: "POST", body: new URLSearchParams(form) });
    const [tag] = truth(client, "Tag");
    const id = shown(tag?.["id"]);
    const usual = (await client.call(`/api/tag/version/4/do/read/id/${id}`)).text;
    expect((await client.call(`/api/tag/do/read/version/4/id/${id}`)).text).toBe(usual);
    expect((await client.call(`/api/tag/do/read/id/${id}/version/4`)).text).toBe(usual);
    expect((await post("/api/tag/do/read/version/4", { id })).text).toBe(usual);
    const page = parseXml((await post("/api/tag/do/query/version/4", { limit: "3", sort_by: "id" })).text);
    expect(elements(page, "tag")).toHaveLength(3);
    expect(client.simulator.stats().byKind).toMatchObject({ "tag read": 4, "tag query": 1 });
  });
});

describe("users", () => {
  test("are queried by creation, read by id and email, and are what prospects point to", async () => {
    await using client = await connect();
    const users = records(await client.json("/api/user/version/4/do/query?sort_by=id"), "user");
    expect(users.map((row) => row["id"])).toEqual(byId(truth(client, "User")).map((row) => row["id"]));
    const [user] = users;
    const email = encodeURIComponent(shown(user?.["email"]));
    const read = await client.json(`/api/user/version/4/do/read/email/${email}`);
    expect(read["user"]).toMatchObject({ id: user?.["id"] });
    // Recorded: Crim/pardot-java-client userRead_invalidUserId.xml.
    expect(await client.code("/api/user/version/4/do/read/id/1")).toBe(10);
    const assigned = client.simulator.rows("Prospect", "live", { columns: "all" });
    const ids = new Set(users.map((row) => row["id"]));
    for (const row of assigned) expect(row["assigned_to_user"] === null || ids.has(row["assigned_to_user"])).toBe(true);
  });
});

describe("visits", () => {
  test("need ids of visits, visitors or prospects, at most 200, and page by offset", async () => {
    await using client = await connect();
    const query = "/api/visit/version/4/do/query";
    expect(await client.code(query)).toBe(13);
    expect(await client.code(`${query}?ids=${Array.from({ length: 201 }, (_, n) => n + 1).join()}`)).toBe(63);
    const rows = byId(truth(client, "Visit"));
    const ids = rows.map((row) => shown(row["id"])).join();
    const pages = [0, 120].map(async (offset) =>
      records(await client.json(`${query}?ids=${ids}&limit=120&offset=${offset}`), "visit"),
    );
    const read = (await Promise.all(pages)).flat();
    expect(read.map((row) => row["id"])).toEqual(rows.map((row) => row["id"]));
    const visitor = shown(rows[0]?.["visitor_id"]);
    const own = records(await client.json(`${query}?visitor_ids=${visitor}`), "visit");
    expect(own.length).toBe(rows.filter((row) => shown(row["visitor_id"]) === visitor).length);
  });

  test("nest their page views, which v5 serves with the same ids", async () => {
    await using client = await connect();
    const [view] = [...client.simulator.rows("VisitorPageView")];
    const { visit } = await client.json(`/api/visit/version/4/do/read/id/${shown(view?.["visitId"])}`);
    const views = (visit as { visitor_page_views: { visitor_page_view: unknown } }).visitor_page_views
      .visitor_page_view;
    const nested = [views].flat() as Readonly<Record<string, unknown>>[];
    const same = nested.find((row) => row["id"] === view?.["id"]);
    expect(shown(same?.["url"])).toBe(shown(view?.["url"]));
  });
});

describe("the truth with columns=all", () => {
  test.each([
    ["Prospect", ["grade", "notes", "password", "assigned_to_user", "profile_id"]],
    ["Visitor", ["browser", "browser_version", "screen_height", "is_java_enabled"]],
  ])("has what responses of %s show besides the tables' columns", async (object, columns) => {
    await using client = await connect();
    const text = await (await fetch(`${client.simulator.url}/__sim/rows/${object}?columns=all`)).text();
    const rows = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const [plain] = truth(client, object);
    for (const column of columns) {
      expect(
        rows.some((row) => column in row),
        column,
      ).toBe(true);
      expect(column in (plain ?? {})).toBe(false);
    }
    const urlName = object.toLowerCase();
    const page = records(
      await client.json(`/api/${urlName}/version/4/do/query?sort_by=id&only_identified=false`),
      urlName,
    );
    const shownAs = new Map(page.map((row) => [row["id"], row]));
    const inside = new Set(["assigned_to_user", "profile_id"]);
    for (const row of rows) {
      const record = shownAs.get(row["id"]);
      if (record === undefined) continue;
      for (const column of columns.filter((name) => !inside.has(name))) {
        // Text that looks like a number is one in JSON (pardot/api-docs issue 187).
        const [left, right] = [shown(record[column]), shown(row[column])];
        expect(left === right || Number(left) === Number(right), `${column}: ${left} ${right}`).toBe(true);
      }
    }
    if (object === "Visitor") expect(rows.some((row) => row["browser"] !== null)).toBe(true);
  });
});

test("a bound in the repeated autumn hour may be read an hour early (dreamdata-io/tap-pardot)", async () => {
  const least = async (ambiguousLocal: "first" | "second" | "hour early"): Promise<string> => {
    await using client = await connect({ timezone: "America/New_York", scale: "small", knobs: { ambiguousLocal } });
    const query = "/api/visitorActivity/version/4/do/query?created_after=2025-11-02 01:00:00&sort_by=created_at";
    const page = records(await client.json(`${query}&sort_order=ascending&limit=1&output=bulk`), "visitor_activity");
    return shown(page[0]?.["created_at"]);
  };
  expect((await least("first")) > "2025-11-02 01:00:00").toBe(true);
  expect((await least("second")) > "2025-11-02 01:00:00").toBe(true);
  const early = await least("hour early");
  expect(early > "2025-11-02 00:00:00" && early < "2025-11-02 01:00:00", early).toBe(true);
});
