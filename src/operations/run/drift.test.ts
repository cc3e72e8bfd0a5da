import { describe, expect, it } from "vitest";
import { prospect, tag } from "../../../test/kit/fakes/objects.ts";
import type { RunEvent } from "../../events.ts";
import { applyChange, EMPTY_STATE, windowId } from "../../state/state.ts";
import type { Change, State } from "../../state/state.ts";
import { nullWarehouse } from "../../warehouse/open.ts";
import type { Schema } from "../../warehouse/warehouse.ts";
import type { Run } from "./context.ts";
import { warnOfDrift } from "./drift.ts";

const WINDOW = { field: "updated_at" as const, from: 0, to: 1000, askFrom: 0, mayGrow: false, isFull: false };

/** A state in which each object has landed a file, and Prospect has two custom fields. */
function landed(...names: readonly string[]): State {
  const changes = names.flatMap((object): Change[] => [
    { type: "planned", object, runId: "r1", zone: "UTC", windows: [WINDOW] },
    {
      type: "landed",
      object,
      window: windowId(object, WINDOW),
      cursor: null,
      file: {
        key: `${object}/${object}_api.csv`,
        rows: 1,
        bytes: 10,
        sha256: "0".repeat(64),
        minWatermark: null,
        maxWatermark: null,
        exportId: null,
        columns: ["id"],
      },
    },
  ]);
  const added = ["Region", "order"].map((field) => ({ field, column: field }));
  const seen: Change = { type: "fields-seen", object: "Prospect", listed: ["Region", "order"], added };
  return [...changes, seen].reduce(applyChange, EMPTY_STATE);
}

const columnsOf = (names: readonly { readonly name: string }[], ...more: readonly string[]): ReadonlySet<string> =>
  new Set([...names.map(({ name }) => name.toUpperCase()), ...more]);

async function warned(schema: () => Promise<Schema | null>, state: State, drain = new AbortController().signal) {
  const events: RunEvent[] = [];
  const run = {
    objects: [prospect, tag],
    journal: { state },
    warehouse: { ...nullWarehouse, schema },
    drain,
    onEvent: (event: RunEvent) => events.push(event),
  } as unknown as Run;
  await warnOfDrift(run);
  return events.flatMap((event) => (event.type === "warning" ? [[event.code, event.object, event.message]] : []));
}

describe("columns that landed files have and their tables lack", () => {
  it("are named once per object, with the statements that add them, in any case of their names", async () => {
    const schema = new Map([
      ["PARDOT_PROSPECT", columnsOf(prospect.columns, "region")],
      ["PARDOT_TAG", columnsOf(tag.columns)],
    ]);
    const warnings = await warned(async () => schema, landed("Prospect", "Tag"));
    expect(warnings).toHaveLength(1);
    const [[code, object, message = ""] = []] = warnings;
    expect([code, object]).toEqual(["warehouse.column-missing-in-table", "Prospect"]);
    expect(message).toContain("ORDER");
    expect(message).not.toContain("REGION");
    expect(message).toContain('`ALTER TABLE PARDOT_PROSPECT ADD COLUMN IF NOT EXISTS "ORDER" VARCHAR`');
    expect(message).toContain("`pardot-etl ddl Prospect --diff`");
  });

  it("are not looked for without landed files, in a run that has to stop, or where this tool adds columns", async () => {
    const refuse = async (): Promise<never> => Promise.reject(new Error("asked"));
    expect(await warned(refuse, landed())).toEqual([]);
    expect(await warned(refuse, landed("Prospect"), AbortSignal.abort())).toEqual([]);
    expect(await warned(async () => null, landed("Prospect"))).toEqual([]);
  });

  it("are unknown when the schema cannot be read, which is only a warning; a missing table has failed its object already", async () => {
    const fail = async (): Promise<never> => Promise.reject(new Error("no connection"));
    expect((await warned(fail, landed("Prospect", "Tag"))).map(([code, object]) => [code, object])).toEqual([
      ["warehouse.columns-unknown", null],
    ]);
    expect(await warned(async () => new Map(), landed("Prospect"))).toEqual([]);
    const stop = new AbortController();
    const stopped = async (): Promise<never> => {
      stop.abort();
      return Promise.reject(new Error("stopped"));
    };
    expect(await warned(stopped, landed("Prospect"), stop.signal)).toEqual([]);
  });
});
