import { describe, expect, test } from "vitest";
import { V5_OBJECTS } from "../../src/simulator/objects/v5/objects-v5.ts";
import type { V5Filter } from "../../src/simulator/objects/v5/notation.ts";
import { connect } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";
import { get, idsOf, pathOf, rowsOf } from "../kit/simulator-v5.ts";
import type { V5Row } from "../kit/simulator-v5.ts";

// Holds the simulator to the vendor's error codes (error-codes.html), to PostHog's production logs of API v5 (PR 102066), to
// live probes of calls without a token, and to the filters of the catalog of objects.

const TAGS = "/api/v5/objects/tags";
const FORMS = "/api/v5/objects/forms";

const truth5 = (client: SimulatorClient, name: string): V5Row[] => [...client.simulator.rows(name, "live", { api: 5 })];

async function codeOf(
  client: SimulatorClient,
  path: string,
  parameters: Readonly<Record<string, string | number>> = {},
): Promise<readonly unknown[]> {
  const { status, body } = await get(client, path, parameters);
  return [status, body.code];
}

describe("access to API v5", () => {
  test("is refused with 401 and 49 without a token, before the path is looked at", async () => {
    await using client = await connect();
    for (const path of [TAGS, "/api/v5/nonsense"]) {
      const response = await fetch(client.simulator.url + path);
      expect([response.status, await response.json()]).toEqual([401, { code: 49, message: "Access Denied" }]);
    }
  });

  test("is refused for a bad token (184), header (181, 182), business unit (201)", async () => {
    await using client = await connect();
    const reply = async (headers: Readonly<Record<string, string>>): Promise<unknown[]> => {
      const response = await fetch(client.simulator.url + TAGS, { headers });
      return [response.status, ((await response.json()) as { code: number }).code];
    };
    const { Authorization = "" } = client.headers;
    expect(await reply({ ...client.headers, Authorization: "Bearer x" })).toEqual([401, 184]);
    expect(await reply({ Authorization })).toEqual([400, 181]);
    expect(await reply({ Authorization, "Pardot-Business-Unit-Id": "1" })).toEqual([400, 182]);
    expect(await reply({ Authorization, "Pardot-Business-Unit-Id": "0UvSIM0000000009AB" })).toEqual([401, 201]);
    await using other = await connect({ knobs: { wrongHost: true, v5Status201: 403 } });
    expect(await codeOf(other, TAGS)).toEqual([403, 201]);
  });

  test("counts against the daily limit: 122 with 429", async () => {
    await using client = await connect({ dailyLimit: 2 });
    await get(client, TAGS, { fields: "id" });
    const { headers } = await client.call(`${TAGS}?fields=id`, { headers: { "X-Return-Api-Usage": "1" } });
    expect(headers.get("x-api-usage")).toBe("2/2");
    expect(await codeOf(client, TAGS, { fields: "id" })).toEqual([429, 122]);
    expect(client.simulator.stats().byKind).toMatchObject({ "v5 tags query": 3 });
  });

  test("is refused for unknown paths (198), other methods (60), unknown ids and recycled records (404)", async () => {
    await using client = await connect({ knobs: { accessTokenSeconds: 1e9, v5ReadLagSeconds: 0 } });
    expect(await codeOf(client, "/api/v5/objects/nonsense", { fields: "id" })).toEqual([404, 198]);
    expect(await codeOf(client, "/api/v5", {})).toEqual([404, 198]);
    const post = await client.call(TAGS, { method: "POST", body: "{}" });
    expect([post.status, post.text]).toEqual([405, '{"code":60,"message":"Invalid HTTP request method"}']);
    expect(await codeOf(client, `${TAGS}/1`, { fields: "id" })).toEqual([404, 109]);
    client.simulator.advance(5);
    const [gone] = [...client.simulator.rows("Form", "deleted", { api: 5 })];
    const path = `${FORMS}/${Number(gone?.["id"])}`;
    const recycled = await get(client, path, { fields: "id,isDeleted" });
    expect([recycled.status, recycled.body.code, recycled.warning?.slice(0, 4)]).toEqual([404, 109, "201;"]);
    expect((await get(client, path, { fields: "id,isDeleted", deleted: "all" })).body["isDeleted"]).toBe(true);
  });
});

describe("the parameter fields", () => {
  test("is required in queries and reads, with a code by knob", async () => {
    await using client = await connect();
    const [tag] = truth5(client, "Tag");
    for (const path of [TAGS, `${TAGS}/${String(tag?.["id"])}`]) expect(await codeOf(client, path)).toEqual([400, 13]);
    expect(await codeOf(client, TAGS, { fields: "" })).toEqual([400, 13]);
    await using other = await connect({ knobs: { v5FieldsMissingCode: 51 } });
    expect(await codeOf(other, TAGS)).toEqual([400, 51]);
  });

  test("is refused as a whole for an unknown field, which the message names", async () => {
    await using client = await connect();
    const { status, body } = await get(client, TAGS, { fields: "id,nmae,updatedAt" });
    expect([status, body]).toEqual([
      400,
      { code: 51, message: "Invalid parameter: fields. It contains an invalid or unknown field: nmae." },
    ]);
    const inside = await get(client, FORMS, { fields: "id,campaign.nmae" });
    expect(inside.body.message).toContain("unknown field: campaign.nmae.");
    expect(await codeOf(client, FORMS, { fields: "campaign" })).toEqual([400, 51]);
  });

  test("is refused for a documented field that this business unit lacks, unless the knob is changed", async () => {
    await using client = await connect();
    const { body } = await get(client, FORMS, { fields: "id,salesforceCmsId" });
    expect(body.message).toBe("Invalid parameter: fields. It contains an invalid or unknown field: salesforceCmsId.");
    await using connected = await connect({ knobs: { v5MissingFields: "Tag.objectCount" } });
    expect((await get(connected, FORMS, { fields: "id,salesforceCmsId" })).status).toBe(200);
    expect(await codeOf(connected, TAGS, { fields: "id,objectCount" })).toEqual([400, 51]);
    expect(truth5(connected, "Tag").every((row) => row["objectCount"] === null)).toBe(true);
  });
});

test("an address that is too long for the web server is refused with a page, by knob", async () => {
  await using client = await connect({ knobs: { addressMax: 300, addressRefusal: 400 } });
  const address = (length: number): string => `${TAGS}?fields=id&x=`.padEnd(length, "x");
  const line = "GET  HTTP/1.1".length;
  expect((await client.call(address(300 - line))).text).toContain('"code":51');
  const { status, text } = await client.call(address(301 - line));
  expect([status, text.slice(0, 6)]).toEqual([400, "<html>"]);
});

/** What a filter means, from the dossier: After and Before exclude the bound. */
function fits(row: V5Row, { field, comparison }: V5Filter, bound: number | string | boolean): boolean {
  const shown = row[field];
  const value = typeof shown === "string" && / \d\d:/.test(shown) ? Date.parse(`${shown}Z`) : shown;
  if (comparison === "is-null" || comparison === "is-not-null") return (value === null) === (comparison === "is-null");
  if (comparison === "equal" || comparison === "list") return value === bound;
  if (typeof value !== "number") return false;
  if (comparison === "above") return value > Number(bound);
  if (comparison === "at-least") return value >= Number(bound);
  return comparison === "below" ? value < Number(bound) : value <= Number(bound);
}

describe("a filter", () => {
  test.each(V5_OBJECTS.filter(({ filters }) => filters.size > 0).map((object) => [object.name, object] as const))(
    "of %s selects what its name means",
    async (name, object) => {
      await using client = await connect({ timezone: "America/New_York" });
      const rows = truth5(client, name);
      for (const [parameter, filter] of object.filters) {
        const some = rows.filter((row) => row[filter.field] !== null && row[filter.field] !== "");
        const shown = some[Math.floor(some.length / 2)]?.[filter.field] as string | number | boolean;
        const isTime = object.fields.get(filter.field)?.type === "datetime";
        const bound = isTime ? Date.parse(`${String(shown)}Z`) : shown;
        const isNullness = filter.comparison.startsWith("is-");
        const text = isTime ? `${String(shown).replace(" ", "T")}+00:00` : String(shown);
        const read = await rowsOf(client, pathOf(object), { fields: "id", [parameter]: isNullness ? "true" : text });
        const wanted = rows.filter((row) => fits(row, filter, bound));
        expect(idsOf(read), `${parameter}=${text}`).toEqual(idsOf(wanted));
      }
    },
  );

  test("takes instants with any numeric offset, and refuses Z, no offset, fractions and an unencoded plus", async () => {
    await using client = await connect();
    const query = async (value: string): Promise<readonly unknown[]> => {
      const { status, text } = await client.call(`${TAGS}?fields=id&updatedAtAfterOrEqualTo=${value}`);
      const body = JSON.parse(text) as { code?: number; message?: string; values?: unknown[] };
      return [status, body.code, body.message ?? body.values?.length];
    };
    const refusal = [
      400,
      51,
      "Invalid parameter: Parameter updatedAtAfterOrEqualTo is invalid. Invalid date time value",
    ];
    const day = "2025-01-01T00:00:00";
    for (const bad of [`${day}Z`, day, `${day}.000%2B00:00`, `${day}+00:00`, "2025-02-30T00:00:00%2B00:00", "today"]) {
      expect(await query(bad), bad).toEqual(refusal);
    }
    const count = (await query(`${day}%2B00:00`))[2];
    expect(await query("2025-01-01T05:30:00%2B05:30")).toEqual([200, undefined, count]);
    expect(await query("2024-12-31T19:00:00-05:00")).toEqual([200, undefined, count]);
  });

  test("is refused for a bad value (51), too many ids (63), more than three fields (209)", async () => {
    await using client = await connect({ knobs: { v5IdListMax: 3 } });
    expect((await get(client, TAGS, { fields: "id", idGreaterThan: "x" })).body.message).toContain(
      "Parameter idGreaterThan is invalid.",
    );
    expect(await codeOf(client, TAGS, { fields: "id", idList: "1,2,3,4" })).toEqual([400, 63]);
    expect(await codeOf(client, "/api/v5/objects/visitors", { fields: "id", isIdentified: "yes" })).toEqual([400, 51]);
    const three = {
      fields: "id",
      idGreaterThan: 1,
      idLessThan: 999_999_999,
      createdAtAfter: "2020-01-01T00:00:00+00:00",
      createdAtBefore: "2030-01-01T00:00:00+00:00",
      updatedAtAfter: "2020-01-01T00:00:00+00:00",
    };
    expect(await codeOf(client, TAGS, three)).toEqual([200, undefined]);
    expect(await codeOf(client, TAGS, { ...three, name: "x" })).toEqual([400, 209]);
  });

  test("that the object lacks is refused or ignored by knob, and so is deleted without a recycle bin", async () => {
    await using client = await connect();
    expect(await codeOf(client, FORMS, { fields: "id", updatedAtAfter: "2025-01-01T00:00:00+00:00" })).toEqual([
      400, 51,
    ]);
    expect(await codeOf(client, TAGS, { fields: "id", deleted: "all" })).toEqual([400, 51]);
    expect(await codeOf(client, FORMS, { fields: "id", deleted: "yes" })).toEqual([400, 51]);
    // airbytehq/airbyte does not send it for opportunities; exports can select by it.
    const opportunities = "/api/v5/objects/opportunities";
    expect(await codeOf(client, opportunities, { fields: "id", deleted: "all" })).toEqual([400, 51]);
    await using recycling = await connect({ knobs: { v5NoRecycleBin: "" } });
    expect(await codeOf(recycling, opportunities, { fields: "id", deleted: "all" })).toEqual([200, undefined]);
    await using lenient = await connect({ knobs: { v5UnknownFilter: "ignored" } });
    const all = await rowsOf(lenient, FORMS, { fields: "id", updatedAtAfter: "2099-01-01T00:00:00+00:00" });
    expect(all).toHaveLength(10);
    expect(await codeOf(lenient, TAGS, { fields: "id", deleted: "all" })).toEqual([200, undefined]);
  });

  test("without documentation may be unknown, have no effect, or be required, by knob", async () => {
    const late = { fields: "id", updatedAtAfter: "2099-01-01T00:00:00+00:00" };
    const path = "/api/v5/objects/email-templates";
    await using strict = await connect({ knobs: { v5WeakFilters: "unknown" } });
    expect(await codeOf(strict, path, late)).toEqual([400, 51]);
    const knobs = { v5IgnoredFilters: "Visitor.updatedAt", v5RequiredFilters: "FormHandlerField.formHandlerId" };
    await using client = await connect({ knobs });
    expect(await rowsOf(client, "/api/v5/objects/visitors", late)).toHaveLength(400);
    expect(await rowsOf(client, path, late)).toHaveLength(0);
    expect(await codeOf(client, "/api/v5/objects/form-handler-fields", { fields: "id" })).toEqual([400, 13]);
  });

  test("may be refused or have no effect object by object, and so may an order, by knob", async () => {
    const knobs = {
      v5RefusedFilters: "Visitor.id",
      v5IgnoredFilters: "Tag.id",
      v5RefusedOrders: "Visitor.createdAt",
      v5IgnoredOrders: "Tag.id",
    };
    await using client = await connect({ knobs });
    const visitors = "/api/v5/objects/visitors";
    expect(await codeOf(client, visitors, { fields: "id", idGreaterThan: 1 })).toEqual([400, 51]);
    expect(await codeOf(client, visitors, { fields: "id", orderBy: "createdAt" })).toEqual([400, 51]);
    expect(await codeOf(client, visitors, { fields: "id", orderBy: "id" })).toEqual([200, undefined]);
    const tags = await rowsOf(client, TAGS, { fields: "id", idGreaterThan: 999_999_999, orderBy: "id" });
    const ids = tags.map(({ id }) => Number(id));
    expect(ids.length).toBeGreaterThan(1);
    expect(ids).not.toEqual(ids.toSorted((a, b) => a - b));
  });
});
