import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { V5_OBJECTS } from "../../src/simulator/objects/v5/objects-v5.ts";
import { asText, byId } from "../kit/simulator-rows.ts";
import type { Row } from "../kit/simulator-rows.ts";
import { connect, jsonBody } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";

// Holds exports of v5 to the AWS Glue connector manual (…-reading-from-entities.html, …-connector-limitations.html), which
// cites the vendor's export-v5.html, and to the vendor's v4 contract for the rest.

const EXPORTS = "/api/v5/exports";
const EXPORTABLE = V5_OBJECTS.filter(({ exports }) => exports !== null);

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>> & {
    readonly code?: number;
    readonly resultRefs?: readonly string[];
  };
}

async function create(client: SimulatorClient, body: unknown): Promise<Answer> {
  const { status, text } = await client.call(EXPORTS, jsonBody(body));
  return { status, body: JSON.parse(text) as Answer["body"] };
}

async function read(client: SimulatorClient, id: unknown): Promise<Answer> {
  const { status, text } = await client.call(`${EXPORTS}/${String(id)}`);
  return { status, body: JSON.parse(text) as Answer["body"] };
}

const procedure = (range: string, given: Row): object => ({ name: `filter_by_${range}_at`, arguments: given });

async function rowsOf(client: SimulatorClient, refs: readonly string[]): Promise<Row[]> {
  const all: Row[] = [];
  for (const ref of refs) {
    const text = await (await fetch(ref, { headers: client.headers })).text();
    const [header = [], ...rows] = parse(text, {
      cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
    }) as unknown as (string | null)[][];
    all.push(...rows.map((row) => Object.fromEntries(header.map((name, n) => [name ?? "", row[n] ?? null]))));
  }
  return all;
}

describe("exports of v5", () => {
  test("exist for thirteen objects, each with its time ranges", () => {
    expect(EXPORTABLE.map(({ name }) => name).toSorted()).toEqual([
      "Campaign", "DynamicContent", "EmailTemplate", "LandingPage", "LifecycleHistory", "LifecycleStage", "List", "ListEmail",
      "ListMembership", "Opportunity", "Prospect", "ProspectAccount", "User",
    ]); // prettier-ignore
    const ranges = new Map(EXPORTABLE.map(({ name, exports }) => [name, exports?.ranges.join()]));
    expect([ranges.get("LifecycleHistory"), ranges.get("ProspectAccount"), ranges.get("List")]).toEqual([
      "created",
      "created",
      "created,updated",
    ]);
  });

  test.each(EXPORTABLE.map((object) => [object.name, object] as const))(
    "of %s contain the truth, deleted records included",
    async (name, { exports }) => {
      await using client = await connect({ knobs: { accessTokenSeconds: 1e9 } });
      client.simulator.advance(3);
      const all: Row[] = [];
      // Half years: both bounds are exclusive, so a window of a whole year would be a second longer than a year.
      const halves = [2023, 2024, 2025, 2026].flatMap((year) => [
        { createdAfter: `${year - 1}-12-31 23:59:59`, createdBefore: `${year}-07-01 00:00:00` },
        { createdAfter: `${year}-06-30 23:59:59`, createdBefore: `${year + 1}-01-01 00:00:00` },
      ]);
      for (const given of halves) {
        const deleted = exports?.deleted === true ? { deleted: "all" } : {};
        const created = await create(client, {
          object: name,
          procedure: procedure("created", { ...given, ...deleted }),
        });
        expect(created.status).toBe(201);
        const { body } = await read(client, created.body["id"]);
        expect(body["state"]).toBe("Complete");
        all.push(...(await rowsOf(client, body.resultRefs ?? [])));
      }
      const columns = Object.keys(all[0] ?? {});
      const truth = [...client.simulator.rows(name, name === "Opportunity" ? "live" : "all", { api: 5 })].map(asText);
      const known = new Set(truth.map((row) => row["id"]));
      const rows = all.filter((row) => known.has(row["id"]));
      const only = (row: Row): Row => Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
      expect(byId(rows)).toEqual(byId(truth.map(only)));
      expect(columns).not.toContain("senderOptions");
    },
  );

  test("take camelCase arguments, dotted relations and instants with an offset", async () => {
    await using client = await connect({ timezone: "America/New_York" });
    const body = {
      object: "prospect",
      fields: ["id", "campaign.name", "updatedAt"],
      procedure: procedure("updated", {
        updatedAfter: "2025-06-01T00:00:00-04:00",
        updatedBefore: "2025-12-01 00:00:00",
      }),
    };
    const { body: created } = await create(client, body);
    const { body: status } = await read(client, created["id"]);
    const rows = await rowsOf(client, status.resultRefs ?? []);
    expect(Object.keys(rows[0] ?? {})).toEqual(["id", "campaign.name", "updatedAt"]);
    expect(rows.some((row) => typeof row["campaign.name"] === "string")).toBe(true);
    for (const row of rows) expect(String(row["updatedAt"]) > "2025-06-01 00:00:00").toBe(true);
    await using offset = await connect({
      timezone: "America/New_York",
      knobs: { v5CsvDates: "offset", v5ExportCreatedStatus: 200 },
    });
    const other = await create(offset, body);
    expect(other.status).toBe(200);
    const [row] = await rowsOf(offset, (await read(offset, other.body["id"])).body.resultRefs ?? []);
    expect(row?.["updatedAt"]).toMatch(/^2025-\d\d-\d\dT\d\d:\d\d:\d\d-0[45]:00$/);
  });

  test("of one column without rows return the header as data; with more columns there is no file", async () => {
    await using client = await connect();
    const nothing = procedure("created", { createdAfter: "2020-01-01", createdBefore: "2020-06-01" });
    const refs = async (fields: readonly string[]): Promise<readonly string[]> => {
      const { body } = await create(client, { object: "List", fields, procedure: nothing });
      return (await read(client, body["id"])).body.resultRefs ?? ["none"];
    };
    expect(await rowsOf(client, await refs(["name"]))).toEqual([{ name: "name" }]);
    expect(await refs(["id", "name"])).toEqual([]);
  });

  test.each([
    [154, { object: "Visitor" }],
    [154, { object: "Tag" }],
    [180, { fields: ["id", "senderOptions"] }],
    [180, { fields: ["id", "nmae"] }],
    [154, { fields: Array.from({ length: 151 }, () => "id") }],
    [174, { procedure: { name: "filterByCreatedAt", arguments: { createdAfter: "2025-01-01" } } }],
    [175, { procedure: procedure("created", { created_after: "2025-01-01" }) }],
    [176, { procedure: procedure("created", {}) }],
    [177, { procedure: procedure("created", { createdAfter: "2024-01-01", createdBefore: "2025-01-02" }) }],
    [177, { procedure: procedure("created", { createdAfter: "2025-01-01", deleted: "yes" }) }],
    [231, { maxFileSizeBytes: 9_999_999 }],
    [232, { maxFileSizeBytes: 200_000_001 }],
    [154, { surprise: 1 }],
  ])("are refused with %i for %o", async (code, changed) => {
    await using client = await connect();
    const right = {
      object: "ListEmail",
      fields: ["id"],
      procedure: procedure("created", { createdAfter: "2025-06-01" }),
    };
    expect((await create(client, right)).body.code).toBeUndefined();
    const refused = await create(client, { ...right, ...changed });
    expect([refused.status, refused.body.code]).toEqual([400, code]);
  });

  test("follow the knobs: off, camelCase procedures, status instead of state", async () => {
    const right = { object: "List", procedure: procedure("created", { createdAfter: "2025-06-01" }) };
    await using off = await connect({ knobs: { v5Exports: false } });
    expect((await create(off, right)).body.code).toBe(46);
    await using other = await connect({ knobs: { v5Procedures: "camel", v5ExportState: "status" } });
    expect((await create(other, right)).body.code).toBe(174);
    const named = { ...right, procedure: { ...right.procedure, name: "filterByCreatedAt" } };
    const { body } = await create(other, named);
    expect(body).toMatchObject({ status: "Waiting", isExpired: false });
    const listed = JSON.parse((await other.call(`${EXPORTS}?fields=id,status`)).text) as { values: Row[] };
    expect(listed.values).toEqual([{ id: body["id"], status: "Complete" }]);
    other.simulator.faults([{ path: EXPORTS, method: "POST", failExport: true }]);
    expect((await read(other, (await create(other, named)).body["id"])).body["status"]).toBe("Failed");
  });
});
