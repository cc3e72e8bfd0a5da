import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { connect, jsonBody, shown } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";

const CREATE = "/api/export/version/4/do/create";
const FIELDS = ["id", "type", "type_name", "details", "created_at", "updated_at"];

const order = (after: string, before: string, extra: object = {}): object => ({
  object: "VisitorActivity",
  fields: FIELDS,
  procedure: { name: "filter_by_created_at", arguments: { created_after: after, created_before: before } },
  ...extra,
});

const LAST_YEAR = order("2025-03-21 00:00:00", "2026-03-20 09:30:00");

async function status(client: SimulatorClient, id: number): Promise<Record<string, unknown>> {
  return (await client.json(`/api/export/version/4/do/read/id/${id}`)).export ?? {};
}

async function files(client: SimulatorClient, id: number): Promise<string[]> {
  const { resultRefs } = await status(client, id);
  const refs = resultRefs === undefined ? [] : ([resultRefs].flat() as string[]);
  const texts = refs.map(async (ref) => (await fetch(ref, { headers: client.headers })).text());
  return Promise.all(texts);
}

/** An unquoted empty field is null, a quoted one is the empty text. */
function rowsOf(texts: readonly string[]): Record<string, string | null>[] {
  return texts.flatMap((text) => {
    const cells = parse(text, { cast: (value, { quoting }) => (value === "" && !quoting ? null : value) });
    const [header = [], ...rows] = cells as unknown as (string | null)[][];
    return rows.map((row) => Object.fromEntries(header.map((name, n) => [name ?? "", row[n] ?? null])));
  });
}

describe("an export", () => {
  test("contains exactly the rows of its window, in several files, unordered, including nasty text", async () => {
    for (const timezone of ["UTC", "America/New_York", "Australia/Lord_Howe"]) {
      await using client = await connect({ scale: "small", timezone, now: "2026-03-20T00:30:00Z" });
      const [after, before] = ["2025-03-21 00:00:00", "2026-03-19 00:00:00"];
      const texts = await files(client, await client.createExport(order(after, before)));
      expect(texts.length).toBeGreaterThan(1);
      for (const text of texts) expect(text.slice(0, text.indexOf("\n"))).toBe(FIELDS.join(","));
      const truth = [...client.simulator.rows("VisitorActivity")]
        .filter((row) => shown(row["created_at"]) > after && shown(row["created_at"]) < before)
        .map((row) => Object.fromEntries(FIELDS.map((name) => [name, row[name] === null ? null : shown(row[name])])));
      const got = rowsOf(texts);
      expect(got).not.toEqual(truth);
      expect(got.toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(truth);
    }
  });

  test("is Waiting when created, and lists one file as text, several as a list, and none when empty", async () => {
    await using client = await connect({ scale: "small", knobs: { filesPerExport: 3 } });
    const { status: http, text } = await client.call(`${CREATE}?format=json`, jsonBody(LAST_YEAR));
    expect(http).toBe(200);
    const created = (JSON.parse(text) as { export: Record<string, unknown> }).export;
    expect(created).toEqual({
      id: created["id"],
      state: "Waiting",
      isExpired: false,
      createdAt: "2026-03-20 09:30:00",
      updatedAt: "2026-03-20 09:30:00",
    });
    expect(created["id"]).toBeGreaterThan(0);
    const done = await status(client, Number(created["id"]));
    expect(done["state"]).toBe("Complete");
    expect(done["resultRefs"]).toHaveLength(3);
    expect((done["resultRefs"] as string[])[0]).toMatch(
      new RegExp(
        `^${client.simulator.url}/api/export/version/4/do/downloadResults/id/${shown(created["id"])}/file/\\d+$`,
      ),
    );
    const empty = await client.createExport(order("2020-01-01", "2020-12-31"));
    expect(await status(client, empty)).toMatchObject({ state: "Complete", isExpired: false });
    expect(await status(client, empty)).not.toHaveProperty("resultRefs");
    await using single = await connect({ knobs: { filesPerExport: 1 } });
    expect(typeof (await status(single, await single.createExport(LAST_YEAR)))["resultRefs"]).toBe("string");
  });

  test("is unfinished for the knob's number of reads", async () => {
    await using client = await connect({ knobs: { exportPolls: 2 } });
    const id = await client.createExport(LAST_YEAR);
    const seen = [await status(client, id), await status(client, id), await status(client, id)];
    expect(seen.map(({ state }) => state)).toEqual(["Processing", "Processing", "Complete"]);
    expect(seen.map((answer) => "resultRefs" in answer)).toEqual([false, false, true]);
  });

  test("expires after seven days, and then refuses its files with 178", async () => {
    await using client = await connect({ knobs: { accessTokenSeconds: 1e9 } });
    const id = await client.createExport(LAST_YEAR);
    const { resultRefs } = await status(client, id);
    const [ref = ""] = [resultRefs].flat() as string[];
    client.simulator.advance(8);
    expect(await status(client, id)).toMatchObject({ state: "Complete", isExpired: true });
    expect(await status(client, id)).not.toHaveProperty("resultRefs");
    const late = await fetch(ref, { headers: client.headers });
    expect([late.status, await late.text()]).toEqual([400, expect.stringContaining('code="178"')]);
  });

  test("keeps its bytes while the account changes", async () => {
    await using client = await connect({ scale: "small", knobs: { accessTokenSeconds: 1e9 } });
    const id = await client.createExport(LAST_YEAR);
    const before = (await files(client, id)).toSorted((a, b) => a.localeCompare(b));
    client.simulator.advance(3);
    expect((await files(client, id)).toSorted((a, b) => a.localeCompare(b))).toEqual(before);
  });

  test("refuses its files with 178 while unfinished; unknown exports have a code", async () => {
    await using client = await connect({ knobs: { exportPolls: 5 } });
    const id = await client.createExport(LAST_YEAR);
    expect(await client.code(`/api/export/version/4/do/downloadResults/id/${id}/file/1`)).toBe(178);
    expect(await client.code("/api/export/version/4/do/read/id/1")).toBe(109);
    expect(await client.code("/api/export/version/4/do/read/id/x")).toBe(16);
  });

  test.each([
    ["no JSON content type", jsonBody(LAST_YEAR, "text/plain"), 151],
    ["an empty body", jsonBody(""), 152],
    ["no JSON", jsonBody("{"), 150],
    ["a list", jsonBody([]), 150],
    ["no object", jsonBody({ procedure: {} }), 153],
    ["no procedure", jsonBody({ object: "VisitorActivity" }), 153],
    ["an unknown object", jsonBody({ ...LAST_YEAR, object: "Tag" }), 154],
    ["fields as text", jsonBody({ ...LAST_YEAR, fields: "id" }), 154],
    ["an unknown field", jsonBody({ ...LAST_YEAR, fields: ["id", "colour"] }), 180],
    ["151 fields", jsonBody({ ...LAST_YEAR, fields: Array.from({ length: 151 }, () => "id") }), 154],
    ["a procedure without name", jsonBody({ ...LAST_YEAR, procedure: {} }), 153],
    ["an unknown procedure", jsonBody({ ...LAST_YEAR, procedure: { name: "filter_by_colour", arguments: {} } }), 174],
    ["an unknown argument", jsonBody(withArguments({ created_after: "2026-01-01", colour: "red" })), 175],
    ["no start", jsonBody(withArguments({ created_before: "2026-01-01" })), 176],
    ["a bad date", jsonBody(withArguments({ created_after: "soon" })), 177],
    ["a date that is no text", jsonBody(withArguments({ created_after: 20260101 })), 177],
    [
      "a start after the end",
      jsonBody(withArguments({ created_after: "2026-01-02", created_before: "2026-01-01" })),
      177,
    ],
    [
      "more than a year",
      jsonBody(withArguments({ created_after: "2024-01-01", created_before: "2025-01-01 00:00:01" })),
      177,
    ],
    ["more than a year up to now", jsonBody(withArguments({ created_after: "2025-03-20 09:29:59" })), 177],
    ["a bad type", jsonBody(withArguments({ created_after: "2026-01-01", type: "x" })), 177],
  ])("is refused for %s", async (_, body, code) => {
    await using client = await connect();
    expect(await client.code(CREATE, body)).toBe(code);
  });

  test("may span a whole leap year, and cannot be created by GET", async () => {
    await using client = await connect();
    expect(
      await client.code(CREATE, jsonBody(withArguments({ created_after: "2024-01-01", created_before: "2025-01-01" }))),
    ).toBeNull();
    expect(await client.code(CREATE)).toBe(60);
  });

  test("selects by type and by prospect on request", async () => {
    await using client = await connect();
    const body = {
      ...withArguments({ created_after: "2025-06-01", type: [6, "11"], prospectOnly: true }),
      fields: ["type", "prospect_id"],
    };
    const rows = rowsOf(await files(client, await client.createExport(body)));
    expect(new Set(rows.map((row) => row["type"]))).toEqual(new Set(["6", "11"]));
    expect(rows.every((row) => row["prospect_id"] !== null)).toBe(true);
  });

  test("includes all fields by default, ignores case in object names, and formats by knobs", async () => {
    await using client = await connect();
    const [text = ""] = await files(
      client,
      await client.createExport({ ...withArguments({ created_after: "2026-01-01" }), object: "visitoractivity" }),
    );
    expect(text.split("\n")[0]?.split(",")).toHaveLength(23);
    await using other = await connect({ knobs: { csvNewline: "crlf", csvQuoting: "all", csvEmptyText: "nothing" } });
    const [quoted = ""] = await files(other, await other.createExport(LAST_YEAR));
    expect(quoted.split("\r\n")[0]).toBe('"id","type","type_name","details","created_at","updated_at"');
    expect(quoted).not.toMatch(/(^|,)"",/m);
    await using refusing = await connect({
      knobs: {
        refusedFields: "VisitorActivity.details",
        refusedProcedures: "VisitorActivity.filter_by_updated_at",
        exportBadFieldCode: 130,
      },
    });
    expect(await refusing.code(CREATE, jsonBody(LAST_YEAR))).toBe(130);
    const updated = { name: "filter_by_updated_at", arguments: { updated_after: "2026-01-01" } };
    expect(await refusing.code(CREATE, jsonBody({ ...LAST_YEAR, fields: ["id"], procedure: updated }))).toBe(174);
  });

  test("has a Content-Length by knob", async () => {
    await using client = await connect({ knobs: { downloadLength: "content-length" } });
    const { resultRefs } = await status(client, await client.createExport(LAST_YEAR));
    const [ref = ""] = [resultRefs].flat() as string[];
    const plain = await fetch(ref, { headers: { ...client.headers, "Accept-Encoding": "identity" } });
    const body = Buffer.from(await plain.arrayBuffer());
    expect(plain.headers.get("content-length")).toBe(String(body.length));
    const zipped = await fetch(ref, { headers: { ...client.headers, "Accept-Encoding": "gzip" } });
    expect([zipped.headers.get("content-encoding"), await zipped.text()]).toEqual(["gzip", body.toString("utf8")]);
  });

  test("is listed by query, newest first, without its files", async () => {
    await using client = await connect({ knobs: { exportPolls: 1 } });
    const ids = [await client.createExport(LAST_YEAR), await client.createExport(LAST_YEAR)];
    const answer = await client.json("/api/export/version/4/do/query");
    const listed = answer.result?.["export"] as Record<string, unknown>[];
    expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(listed[0]).not.toHaveProperty("resultRefs");
    expect((await client.json("/api/export/version/4/do/query?status=Complete")).result).toEqual({ total_results: 0 });
    expect(await client.code("/api/export/version/4/do/query?sort_by=colour")).toBe(19);
    await using blind = await connect({ knobs: { exportsVisible: false } });
    expect(await blind.code("/api/export/version/4/do/query")).toBe(46);
  });
});

function withArguments(given: Readonly<Record<string, unknown>>): object {
  return { object: "VisitorActivity", procedure: { name: "filter_by_created_at", arguments: given } };
}
