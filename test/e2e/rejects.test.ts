import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Transport } from "../../src/http/transport.ts";
import type { RunResult } from "../../src/operations/api.ts";
import { resultOf } from "../../src/operations/run/outcome.ts";
import { run } from "../../src/operations/run/run.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { byId, filesBelow, landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G1, G2 and G9: a record that cannot be encoded is set aside, named, and stops nothing else.

// A record that cannot be encoded costs only itself, and is in the rejects; a body that is not a file commits nothing.

const opened = scenesUntil(afterEach);

/** Changes a body on its way. */
type Edit = (url: string, text: string) => string;

interface Edited extends Scene {
  edit: Edit;
  runEdited(env?: Environment): Promise<RunResult>;
}

async function start(env: Environment = {}): Promise<Edited> {
  const at = await opened({ rows: { Tag: 450, Visitor: 300 }, knobs: { gzip: false, clock: "frozen" } }, env);
  const edited: Edited = {
    ...at,
    edit: (_, text) => text,
    runEdited: async (more = {}) => {
      const config = await at.config(more);
      const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: config.pardot };
      return withRuntime(wishes, async (surroundings) => {
        const transport: Transport = async (request, signal) => {
          const response = await surroundings.transport(request, signal);
          return { ...response, body: edit(request.url.href, response.body, (...args) => edited.edit(...args)) };
        };
        return resultOf(await run(config, {}, { ...surroundings, transport, clock: fakeClock(Date.now()) }));
      });
    },
  };
  return edited;
}

async function* edit(url: string, body: AsyncIterable<Uint8Array>, change: Edit): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  yield Buffer.from(change(url, Buffer.concat(chunks).toString("latin1")), "latin1");
}

async function rejectLines(at: Scene): Promise<Record<string, string>> {
  const folder = join(at.data, "_pardot_etl", "rejects");
  const names = await filesBelow(folder);
  const lines: Record<string, string> = {};
  for (const name of names) lines[name] = await readFile(join(folder, name), "utf8");
  return lines;
}

describe("a record that cannot be encoded", () => {
  const title = "is set aside, everything else is committed, and the same record again does not change the exit code";
  it.each(["csv", "jsonl", "parquet"])(`${title}, in %s`, async (format) => {
    const at = await start({
      PARDOT_ETL_OBJECTS: "Visitor,Tag",
      PARDOT_ETL_OVERLAP: "364d",
      PARDOT_ETL_FORMAT: format,
    });
    const [visitor] = truth(at.simulator, "Visitor").toSorted((a, b) =>
      String(b["updated_at"]).localeCompare(String(a["updated_at"])),
    );
    const [tag] = truth(at.simulator, "Tag").toSorted((a, b) =>
      String(b["updated_at"]).localeCompare(String(a["updated_at"])),
    );
    const [visitorId, tagId] = [String(visitor?.["id"]), String(tag?.["id"])];
    at.edit = (url, text) => {
      if (url.includes("downloadResults"))
        return text.replace(new RegExp(`\n${visitorId},([^,]*),`), `\n${visitorId},x-$1,`);
      if (!url.includes("/tag/")) return text;
      return text.replace(new RegExp(`(<id>${tagId}</id>.*?<created_at>)[^<]*`, "s"), "$12026-02-31 00:00:00");
    };
    const first = await at.runEdited();
    expect(first).toMatchObject({ exitCode: 6, error: { code: "data.rejected" }, manifest: { status: "partial" } });
    expect(first.error?.message).toContain("1 of Visitor, 1 of Tag");
    expect(first.manifest.objects).toMatchObject([
      { object: "Visitor", status: "complete", rejected_rows: 1, rejected_again: 0 },
      { object: "Tag", status: "complete", rejected_rows: 1, rejected_again: 0 },
    ]);
    for (const [object, id] of [
      ["Visitor", visitorId],
      ["Tag", tagId],
    ] as const) {
      const rows = byId(truth(at.simulator, object));
      rows.delete(id);
      expect(new Set(byId(await landedRecords(at.data, object)).keys())).toEqual(new Set(rows.keys()));
    }
    const lines = await rejectLines(at);
    const { run_id: runId } = first.manifest;
    expect(Object.keys(lines).toSorted()).toEqual([`${runId}/Tag.jsonl`, `${runId}/Visitor.jsonl`]);
    const line = String(lines[`${runId}/Visitor.jsonl`]);
    expect(line.trimEnd().split("\n")).toHaveLength(1);
    expect(Object.keys(JSON.parse(line) as object)).toEqual(["object", "id", "column", "reason", "record"]);
    expect(JSON.parse(line)).toMatchObject({
      object: "Visitor",
      id: visitorId,
      column: "prospect_id",
      record: { id: visitorId },
    });
    expect(JSON.parse(String(lines[`${runId}/Tag.jsonl`]))).toMatchObject({
      object: "Tag",
      id: tagId,
      column: "created_at",
      reason: 'created_at is "2026-02-31 00:00:00", expected datetime',
    });

    const again = await at.runEdited();
    expect(again).toMatchObject({ exitCode: 0, error: null, manifest: { status: "complete" } });
    expect(again.manifest.objects).toMatchObject([
      { object: "Visitor", rejected_rows: 1, rejected_again: 1 },
      { object: "Tag", rejected_rows: 1, rejected_again: 1 },
    ]);
    expect(Object.keys(await rejectLines(at))).toHaveLength(4);

    // Another fault of the same record is new.
    const before = at.edit;
    at.edit = (url, text) => before(url, text).replace(">2026-02-31 00:00:00<", ">2026-02-30 00:00:00<");
    const more = await at.runEdited();
    expect(more).toMatchObject({ exitCode: 6, manifest: { status: "partial" } });
    expect(more.error?.message).toContain("set aside: 1 of Tag");
  });

  it("fails only its object if there are more than PARDOT_ETL_MAX_REJECTS", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Visitor,Tag", PARDOT_ETL_MAX_REJECTS: "2" });
    at.edit = (url, text) => (url.includes("downloadResults") ? text.replaceAll(/\n(\d+),/g, "\n$1x,") : text);
    const result = await at.runEdited();
    expect(result).toMatchObject({
      exitCode: 6,
      error: { code: "data.too-many-rejects" },
      manifest: { status: "partial" },
    });
    expect(result.manifest.objects.map(({ status }) => status)).toEqual(["failed", "complete"]);
    expect(await landedRecords(at.data, "Visitor")).toEqual([]);
    // Rows without a file don't count, like unread ones.
    expect(result.manifest.objects[0]).toMatchObject({ files: [], rejected_rows: 0 });
    at.edit = (_, text) => text;
    expect(await at.runEdited()).toMatchObject({ exitCode: 0 });
    expect(byId(await landedRecords(at.data, "Visitor")).size).toBe(300);
  });
});

describe("a download that is not a result file", () => {
  const BODIES: readonly [string, (text: string) => string][] = [
    ["a line of text", () => "upstream request timeout\n"],
    ["two lines of text", () => "Error\nquery timed out\n"],
    ["a header in capitals", (text) => text.replace(/^[^\n]*/, (header) => header.toUpperCase())],
    ["a header without the key", (text) => text.replace(/^id,/, "ID,")],
    ["rows of another year", (text) => text.replaceAll(/,20\d\d-\d\d-\d\d /g, ",1999-01-01 ")],
  ];
  it.each(BODIES)("(%s) never commits its window, and the next run reads it", async (_, body) => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Visitor,Tag" });
    at.edit = (url, text) => (url.includes("downloadResults") ? body(text) : text);
    const result = await at.runEdited();
    expect(result).toMatchObject({ exitCode: 6, manifest: { status: "partial" } });
    expect(result.manifest.objects).toMatchObject([
      { object: "Visitor", status: "failed", files: [], windows: [] },
      { object: "Tag", status: "complete" },
    ]);
    at.edit = (__, text) => text;
    expect(await at.runEdited()).toMatchObject({ exitCode: 0 });
    expect(byId(await landedRecords(at.data, "Visitor")).size).toBe(300);
  });

  it("is fetched again, and lands when it is complete", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Visitor" });
    const seen = new Set<string>();
    at.edit = (url, text) => {
      if (!url.includes("downloadResults") || seen.has(url)) return text;
      seen.add(url);
      return "Service temporarily unavailable\n";
    };
    expect(await at.runEdited()).toMatchObject({ exitCode: 0, manifest: { status: "complete" } });
    expect(byId(await landedRecords(at.data, "Visitor")).size).toBe(300);
  });
});
