import { describe, expect, it } from "vitest";
import type { CatalogObject } from "../catalog/catalog.ts";
import { prospectAccount } from "../../test/kit/fakes/objects.ts";
import { prospect } from "../../test/kit/fakes/objects.ts";
import { tag } from "../../test/kit/fakes/objects.ts";
import { page } from "../../test/kit/fakes/scripted-pages.ts";
import { applyFieldChange, NO_FIELDS } from "../state/field-state.ts";
import type { FieldChange, FieldState } from "../state/field-state.ts";
import { RemoteError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { PageRequest, Pardot } from "../pardot/pardot.ts";
import { discoverFields } from "./fields.ts";

const never = new AbortController().signal;

/** A Pardot that lists these fields, by the query or by describe, and what it was asked. */
function listing(names: readonly string[] | Error) {
  const asked: (PageRequest | string)[] = [];
  const pardot = {
    queryPage: async (request: PageRequest) => {
      asked.push(request);
      if (names instanceof Error) throw names;
      const after = Number(request.afterId ?? 0);
      const records = names.map((name, i) => ({ id: String(i + 1), name: "label", field_id: name }));
      if (request.sort?.isDescending === true) return page(records.slice(-20).toReversed(), { total: records.length });
      return page(records.slice(after, after + 200), { total: records.length });
    },
    describe: async (urlName: string) => {
      asked.push(urlName);
      if (names instanceof Error) throw names;
      return names
        .map((name) => ({ name, isCustom: !name.startsWith("std:") }))
        .map(({ name, isCustom }) => ({
          name: name.replace("std:", ""),
          isCustom,
        }));
    },
  } as unknown as Pardot;
  return { pardot, asked };
}

async function discover(
  object: CatalogObject,
  names: readonly string[] | Error,
  memory: FieldState = NO_FIELDS,
  full = false,
) {
  const { pardot, asked } = listing(names);
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const changes = await discoverFields(object, { pardot, memory, full, onEvent, signal: never });
  return { changes, asked, events, memory: changes.reduce<FieldState>(applyFieldChange, memory) };
}

const reported = (memory: FieldState): FieldState =>
  applyFieldChange(memory, { type: "fields-reported", object: "Prospect" } satisfies FieldChange);

describe("discovering fields", () => {
  it("makes no call for an object without custom fields, or with custom fields switched off", async () => {
    const unwanted = { ...prospect, way: { ...prospect.way, customFields: null } };
    for (const object of [tag, unwanted])
      expect(await discover(object, ["a"])).toMatchObject({ changes: [], asked: [] });
  });

  it("reads the ids of a prospect's custom fields page by page", async () => {
    const names = Array.from({ length: 250 }, (_, i) => `Field_${i}`);
    const { memory, asked, events } = await discover(prospect, names);
    expect(memory.custom.map(({ field }) => field)).toEqual(names);
    expect(memory.listed).toEqual(names);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      way: { api: "v4", urlName: "customField", query: { format: "xml" } },
      fields: null,
    });
    // By ascending id, which is the default.
    expect(asked[0]).not.toHaveProperty("sort");
    expect(events).toEqual([]);
  });

  it("reads the custom fields from describe, and remembers which standard fields exist", async () => {
    const { memory, asked } = await discover(prospectAccount, ["std:name", "std:phone", "std:unknown_to_us", "Region"]);
    expect(asked).toEqual(["prospectAccount"]);
    expect(memory.custom).toEqual([{ field: "Region", column: "Region" }]);
    expect(memory.listed).toEqual(["name", "phone", "Region"]);
  });

  it("warns of fields that appeared or vanished since the last manifest, until a manifest has listed them", async () => {
    const first = await discover(prospect, ["a", "b"]);
    const second = await discover(prospect, ["b", "c"], reported(first.memory));
    expect(second.events).toMatchObject([
      {
        type: "warning",
        code: "fields.appeared",
        object: "Prospect",
        message: expect.stringContaining(": c;") as string,
      },
      {
        type: "warning",
        code: "fields.vanished",
        object: "Prospect",
        message: expect.stringContaining(": a;") as string,
      },
    ]);
    const killed = await discover(prospect, ["b", "c"], second.memory);
    expect(killed.events).toHaveLength(2);
    expect((await discover(prospect, ["b", "c"], reported(killed.memory))).events).toEqual([]);
  });

  it("leaves out a name that cannot be used in a header, and warns", async () => {
    const { memory, events } = await discover(prospect, ["ok", "a,b"]);
    expect(memory.custom).toEqual([{ field: "ok", column: "ok" }]);
    expect(events).toMatchObject([{ code: "fields.name-unusable" }]);
  });

  it("forgets refusals when everything is read again, and only then", async () => {
    const memory = { ...NO_FIELDS, refused: ["fax"], refusedProcedures: ["p"] };
    expect((await discover(prospect, [], memory)).memory.refused).toEqual(["fax"]);
    expect((await discover(prospect, [], memory, true)).memory).toMatchObject({ refused: [], refusedProcedures: [] });
    expect((await discover(tag, [], memory, true)).memory).toMatchObject({ refused: [] });
  });

  it("keeps the known custom fields when Pardot lists none, and warns", async () => {
    for (const object of [prospect, prospectAccount]) {
      const first = await discover(object, ["std:name", "a", "b"].slice(object === prospect ? 1 : 0));
      const emptied = await discover(object, object === prospect ? [] : ["std:name"], reported(first.memory));
      expect(emptied.memory).toEqual(reported(first.memory));
      expect(emptied.events).toMatchObject([{ type: "warning", code: "fields.not-listed", object: object.name }]);
    }
    expect((await discover(prospect, [])).events).toEqual([]);
  });

  it("goes on with the known custom fields when listing them takes too long, and fails for any other reason", async () => {
    const late = new RemoteError("it took too long", { code: "pardot.timed-out", pardotCode: 214 });
    const refused = new RemoteError("refused", { code: "pardot.refused", pardotCode: 19 });
    for (const object of [prospect, prospectAccount]) {
      const { changes, events } = await discover(object, late);
      expect(changes).toEqual([]);
      expect(events.filter(({ type }) => type === "warning")).toMatchObject([
        { code: "fields.not-listed", message: expect.stringContaining("it took too long") as string },
      ]);
      await expect(discover(object, refused)).rejects.toBe(refused);
    }
  });
});
