import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/events.ts";
import type { Transport } from "../../src/http/transport.ts";
import type { RunResult } from "../../src/operations/api.ts";
import { resultOf } from "../../src/operations/run/outcome.ts";
import { run } from "../../src/operations/run/run.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { callCli, runCli } from "../kit/cli.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { newest } from "../kit/records.ts";
import type { Cells } from "../kit/records.ts";
import { byId, filesBelow, landedRecords, scenesUntil, tableRecords, truth } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { searchedCli } from "../kit/searched-cli.ts";

// Values of dropped and hashed columns are in no file, not even a temporary one, and in no output.

const opened = scenesUntil(afterEach);

const KEY = "a key that only this test knows";
const CUSTOM = "Custom_Field_0";
const CHOICE = `{drop: [crm_lead_fid, my__field_1], hash: [email, score, ${CUSTOM}]}`;
/** Those of the chosen columns whose values are in no other column. */
const UNIQUE = ["email", "crm_lead_fid"];

function hmac(text: string): string {
  return createHmac("sha256", KEY).update(text).digest("hex");
}

interface Started extends Scene {
  /** Values of the protected columns in the account: long enough to be in nothing else. */
  readonly canaries: readonly string[];
  choose(columns: string): Promise<void>;
}

async function start(env: Environment = {}, knobs: Readonly<Record<string, unknown>> = {}): Promise<Started> {
  const at = await opened(
    { rows: { Prospect: 90, List: 30 }, knobs: { customFields: 3, gzip: false, clock: "frozen", ...knobs } },
    { PARDOT_ETL_OBJECTS: "Prospect", PARDOT_ETL_HASH_KEY: KEY, ...env },
  );
  const api = at.env["PARDOT_API_VERSION"] === "5" ? 5 : 4;
  const values = truth(at.simulator, "Prospect", { api }).flatMap((row) => UNIQUE.map((name) => row[name] ?? ""));
  const canaries = [...new Set(values)].filter((text) => text.length >= 8);
  expect(canaries.length).toBeGreaterThan(60);
  const choose = (columns: string): Promise<void> => writeFile(join(at.root, "pardot-etl.yaml"), `${columns}\n`);
  await choose(`columns: {Prospect: ${CHOICE}}`);
  return { ...at, canaries, choose };
}

/** Every row as it is at Pardot, but for the protected columns. */
function expectProtected(records: ReadonlyMap<string, Cells>, rows: readonly Cells[], isEmptyNull = true): void {
  expect(rows.length).toBeGreaterThan(60);
  const hashed = (text: string | null | undefined): string | null =>
    text === null || text === undefined || (isEmptyNull && text === "") ? null : hmac(text);
  for (const row of rows) {
    const { crm_lead_fid: _lead, my__field_1: _field, ...rest } = row;
    const wanted = { ...rest, email: hashed(row["email"]), score: hashed(row["score"]), [CUSTOM]: hashed(row[CUSTOM]) };
    const found = records.get(String(row["id"])) ?? {};
    expect(found).not.toHaveProperty("crm_lead_fid");
    expect(found).not.toHaveProperty("my__field_1");
    for (const name of ["id", "email", "score", CUSTOM, "first_name", "updated_at"]) {
      expect([name, found[name]]).toEqual([name, wanted[name as keyof typeof wanted]]);
    }
  }
}

/** Changes a body on its way. */
type Edit = (url: string, text: string) => string;

/** A run in which every body is changed and passed on in pieces. What lay in any file meanwhile has no canary. */
async function runEdited(
  at: Started,
  edit: Edit = (_, text) => text,
): Promise<RunResult & { readonly sent: readonly string[]; readonly events: readonly RunEvent[] }> {
  const config = await at.config();
  const events: RunEvent[] = [];
  const sent: string[] = [];
  const wishes = {
    signal: new AbortController().signal,
    onEvent: (event: RunEvent) => events.push(event),
    pardot: config.pardot,
  };
  const result = await withRuntime(wishes, async (surroundings) => {
    const transport: Transport = async (request, signal) => {
      const response = await surroundings.transport(request, signal);
      const body = typeof request.body === "string" ? request.body : "";
      sent.push(decodeURIComponent(`${request.url.href} ${body}`));
      return { ...response, body: pieces(at, request.url.href, response.body, edit) };
    };
    return resultOf(await run(config, {}, { ...surroundings, transport, clock: fakeClock(Date.now()) }));
  });
  expectNone(at.canaries, JSON.stringify([events, result.error, result.error?.message, result.manifest]));
  await expectNowhere(at);
  return { ...result, sent, events };
}

async function* pieces(
  at: Started,
  url: string,
  body: AsyncIterable<Uint8Array>,
  edit: Edit,
): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const text = Buffer.from(edit(url, Buffer.concat(chunks).toString("latin1")), "latin1");
  for (let from = 0; from < text.length; from += 7000) {
    yield text.subarray(from, from + 7000);
    if (url.includes("downloadResults") || url.includes("exports")) await expectNowhere(at);
  }
}

function expectNone(canaries: readonly string[], text: string): void {
  expect(canaries.filter((canary) => text.includes(canary))).toEqual([]);
}

async function expectNowhere(at: Started): Promise<void> {
  for (const name of await filesBelow(at.root)) {
    const text = await readFile(join(at.root, name), "latin1").catch(() => "");
    expectNone(at.canaries, text);
  }
}

describe("dropped and hashed columns of an export of v4", () => {
  it.each(["csv", "jsonl", "parquet"])(
    "land hashed or not at all, and their values are nowhere, in %s",
    async (format) => {
      const at = await start({ PARDOT_ETL_FORMAT: format });
      const manifest = await searchedCli(at.canaries).run(at);
      expect(manifest.objects[0]?.files[0]?.key).toMatch(/_bulk_.*-[0-9a-f]{8}\.\w+$/);
      expectProtected(newest(await landedRecords(at.data, "Prospect")), truth(at.simulator, "Prospect"));
    },
  );

  it("are not requested where they are dropped, and no value is in a temporary file meanwhile", async () => {
    const at = await start();
    const { exitCode, sent } = await runEdited(at);
    expect(exitCode).toBe(0);
    const created = sent.find((text) => text.includes("/export/") && text.includes("procedure")) ?? "";
    expect(created).toContain('"email"');
    expect(created).not.toContain("crm_lead_fid");
    expect(created).not.toContain("my__field_1");
  });

  it("of several groups of fields are joined", async () => {
    const at = await start();
    await at.choose(`columns: {Prospect: ${CHOICE}}\ncatalog: {Prospect: {v4: {export: {fieldsMax: 12}}}}`);
    expect((await runEdited(at)).exitCode).toBe(0);
    expectProtected(newest(await landedRecords(at.data, "Prospect")), truth(at.simulator, "Prospect"));
  });

  it("are in no file that a killed run leaves behind", async () => {
    const at = await start();
    const die = join(import.meta.dirname, "../crash/die.ts");
    const env = { ...at.env, NODE_OPTIONS: `--import=${die}`, DIE_ON: "Prospect_bulk", DIE_WHEN: "before" };
    const result = await runCli(["run", "--log-level", "debug"], env, { cwd: at.root });
    expect(result).toMatchObject({ code: null, signal: "SIGKILL" });
    expect((await filesBelow(at.tmp)).length).toBeGreaterThan(0);
    expectNone(at.canaries, result.stdout + result.stderr);
    await expectNowhere(at);
    await searchedCli(at.canaries).run(at);
    expectProtected(newest(await landedRecords(at.data, "Prospect")), truth(at.simulator, "Prospect"));
  });

  /** A run without the choice that stops once it has requested an export. */
  async function requestBefore(at: Started): Promise<void> {
    await at.choose("");
    const stop = new AbortController();
    const onEvent = ({ type }: RunEvent): void => {
      if (type === "export-created") stop.abort();
    };
    expect((await at.run({ signal: stop.signal, onEvent })).exitCode).not.toBe(0);
    expect(await filesBelow(join(at.data, "Prospect")).catch(() => [])).toEqual([]);
    await at.choose(`columns: {Prospect: ${CHOICE}}`);
  }

  it("are protected in an export that was requested before they were chosen", async () => {
    const at = await start();
    await requestBefore(at);
    const headers: string[] = [];
    const edit: Edit = (url, text) => {
      if (url.includes("downloadResults")) headers.push(text.slice(0, text.indexOf("\n")));
      return text;
    };
    const { exitCode, events } = await runEdited(at, edit);
    expect(exitCode).toBe(0);
    expect(events.map(({ type }) => type)).toContain("export-adopted");
    expect(headers.some((header) => header.includes("crm_lead_fid"))).toBe(true);
    expectProtected(newest(await landedRecords(at.data, "Prospect")), truth(at.simulator, "Prospect"));
  });

  it("are not requested again where such an export is lost", async () => {
    const at = await start();
    await requestBefore(at);
    let lost = 0;
    const edit: Edit = (url, text) => {
      if (lost > 0 || !url.includes("/do/read/")) return text;
      lost += 1;
      return text.replace(/"state":"[^"]*"/, '"state":"Failed"');
    };
    const { exitCode, events, sent } = await runEdited(at, edit);
    expect([exitCode, lost]).toEqual([0, 1]);
    expect(events).toContainEqual(expect.objectContaining({ code: "export.recreated" }));
    const created = sent.filter((text) => text.includes("procedure"));
    expect(created.length).toBeGreaterThan(0);
    for (const text of created) expect(text).not.toContain("crm_lead_fid");
    expectProtected(newest(await landedRecords(at.data, "Prospect")), truth(at.simulator, "Prospect"));
  });

  it("are protected in files that only another dialect reads, and in what is set aside", async () => {
    const at = await start();
    const rows = truth(at.simulator, "Prospect");
    const [php, ragged] = [rows[3], rows[5]].map((row) => String(row?.["id"]));
    const edit: Edit = (url, text) => {
      if (!url.includes("downloadResults")) return text;
      const lines = text.split("\n");
      const header = (lines[0] ?? "").split(",");
      const place = header.indexOf("comments");
      expect(place).toBeGreaterThan(0);
      return lines
        .map((line) => {
          if (line.startsWith(`${String(ragged)},`)) return `${line},one too many`;
          if (!line.startsWith(`${String(php)},`)) return line;
          const fields = line.match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g) ?? [];
          return fields.map((field, i) => (i === place ? '"a \\"quote\\", here",' : field)).join("");
        })
        .join("\n");
    };
    const { exitCode, error, manifest } = await runEdited(at, edit);
    expect([exitCode, error]).toMatchObject([6, { code: "data.rejected" }]);
    expect(manifest.objects[0]).toMatchObject({ rejected_rows: 1 });
    const [name = ""] = await filesBelow(join(at.data, "_pardot_etl/rejects"));
    const reject = JSON.parse(await readFile(join(at.data, "_pardot_etl/rejects", name), "utf8")) as object;
    expect(reject).toMatchObject({ id: null, record: expect.stringContaining("withheld") as string });
    const landed = newest(await landedRecords(at.data, "Prospect"));
    expect(landed.get(String(php))?.["comments"]).toBe('a \\"quote\\", here');
    expectProtected(
      landed,
      rows.filter((row) => row["id"] !== ragged),
    );
  });

  it("are protected in a rejected record, which keeps its other values", async () => {
    const at = await start();
    const id = String(truth(at.simulator, "Prospect")[4]?.["id"]);
    const edit: Edit = (url, text) =>
      url.includes("downloadResults") ? text.replace(new RegExp(`\n${id},[^,]*,`), `\n${id},not a number,`) : text;
    expect((await runEdited(at, edit)).exitCode).toBe(6);
    const [name = ""] = await filesBelow(join(at.data, "_pardot_etl/rejects"));
    const reject = JSON.parse(await readFile(join(at.data, "_pardot_etl/rejects", name), "utf8")) as {
      readonly record: Cells;
    };
    const row = byId(truth(at.simulator, "Prospect")).get(id);
    expect(reject).toMatchObject({ id, column: "campaign_id", record: { email: hmac(row?.["email"] ?? "") } });
    expect(reject.record).not.toHaveProperty("crm_lead_fid");
  });

  it("get other names of files by another key, and older files stay", async () => {
    const at = await start();
    const [first] = (await at.run()).manifest.objects;
    const again = await at.run({ options: { full: true }, env: { PARDOT_ETL_HASH_KEY: "another key of this test" } });
    const suffix = (key: string | undefined): string => /-([0-9a-f]{8})\.csv$/.exec(key ?? "")?.[1] ?? "";
    const [one, two] = [suffix(first?.files[0]?.key), suffix(again.manifest.objects[0]?.files[0]?.key)];
    expect(one).toMatch(/^[0-9a-f]{8}$/);
    expect(two).toMatch(/^[0-9a-f]{8}$/);
    expect(two).not.toBe(one);
    const files = await filesBelow(join(at.data, "Prospect"));
    expect(files.some((name) => name.endsWith(`-${one}.csv`))).toBe(true);
  });
});

describe("dropped and hashed columns of a query", () => {
  it.each(["segmented", "bulk"])("of v5 are not requested or hashed, read %s", async (way) => {
    const at = await start({ PARDOT_API_VERSION: "5", PARDOT_ETL_V5_LAG: "1m" }, { v5ReadLagSeconds: 0 });
    const choice = "columns: {Prospect: {drop: [crm_lead_fid], hash: [email, score]}}";
    await at.choose(`${choice}\ncatalog: {Prospect: {v5: {process: ${way}}}}`);
    const canaries = truth(at.simulator, "Prospect", { api: 5 })
      .flatMap((row) => UNIQUE.map((name) => row[name] ?? ""))
      .filter((text) => text.length >= 8);
    const { exitCode, sent } = await runEdited({ ...at, canaries });
    expect(exitCode).toBe(0);
    const queries = sent.filter((text) => text.includes("objects/prospects?") || text.includes('"procedure"'));
    expect(queries.length).toBeGreaterThan(0);
    for (const text of queries) expect(text).not.toContain("salesforceLeadId");
    const landed = newest(await landedRecords(at.data, "Prospect"));
    expect(landed.size).toBeGreaterThan(60);
    for (const row of truth(at.simulator, "Prospect", { api: 5 })) {
      const found = landed.get(String(row["id"]));
      const email = row["email"] ?? null;
      expect(found?.["email"]).toBe(email === null ? null : hmac(email));
      expect(found?.["score"]).toBe(hmac(row["score"] ?? ""));
      expect(found).not.toHaveProperty("crm_lead_fid");
    }
  });

  it("of v4 are hashed or removed before anything else sees them, also in what is set aside", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "List" });
    await at.choose("columns: {List: {hash: [name], drop: [title]}}");
    const lists = truth(at.simulator, "List");
    const others = JSON.stringify(lists.map(({ name: _name, title: _title, ...rest }) => rest));
    const canaries = lists
      .flatMap((row) => [String(row["name"]), String(row["title"])])
      .filter((text) => text.length >= 8 && !others.includes(text));
    expect(canaries.length).toBeGreaterThan(0);
    const id = String(lists[2]?.["id"]);
    const edit: Edit = (_, text) =>
      text.replace(new RegExp(`(<id>${id}</id>.*?<created_at>)[^<]*`, "s"), "$12026-02-31 00:00:00");
    const { exitCode, manifest } = await runEdited({ ...at, canaries }, edit);
    expect([exitCode, manifest.objects[0]?.rejected_rows]).toEqual([6, 1]);
    const [file = ""] = await filesBelow(join(at.data, "_pardot_etl/rejects"));
    const reject = JSON.parse(await readFile(join(at.data, "_pardot_etl/rejects", file), "utf8")) as object;
    const row = lists.find((list) => list["id"] === id);
    expect(reject).toMatchObject({ id, column: "created_at", record: { name: hmac(String(row?.["name"])) } });
    expect(reject).not.toHaveProperty("record.title");
    const landed = newest(await landedRecords(at.data, "List"));
    for (const { title: _title, ...list } of lists.filter((other) => other["id"] !== id)) {
      expect(landed.get(String(list["id"]))).toEqual({ ...list, name: hmac(String(list["name"])) });
    }
  });
});

describe("the tables of hashed columns", () => {
  it("in DuckDB take hashes into a column of numbers, as text, and keep what earlier files landed", async () => {
    const at = await start();
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    await at.choose("");
    expect((await at.run({ env })).exitCode).toBe(0);
    // The version that was read later counts, and Pardot's clock stands still.
    at.simulator.advance(1);
    await at.choose("columns: {Prospect: {drop: [phone], hash: [email, score]}}");
    expect((await at.run({ env, options: { full: true } })).exitCode).toBe(0);
    const records = byId(await tableRecords(at, "Prospect"));
    for (const row of truth(at.simulator, "Prospect")) {
      const found = records.get(String(row["id"]));
      expect(found?.["score"] ?? null).toBe(row["score"] === null ? null : hmac(row["score"] ?? ""));
      expect(found?.["email"] ?? null).toBe(row["email"] === null ? null : hmac(row["email"] ?? ""));
      expect(found?.["phone"] ?? null).toBeNull();
    }
    await at.choose("");
    expect((await at.run({ env, options: { full: true } })).exitCode).toBe(0);
    expect(byId(await tableRecords(at, "Prospect")).size).toBe(records.size);
  });

  it("are text in ddl and in objects, which lack the dropped ones", async () => {
    const at = await start();
    const ddl = await callCli(["ddl", "Prospect"], at.env, { cwd: at.root });
    expect(ddl.stdout).toMatch(/"SCORE" VARCHAR/);
    expect(ddl.stdout).not.toContain('"CRM_LEAD_FID"');
    const objects = await callCli(["objects", "Prospect"], at.env, { cwd: at.root });
    expect(objects.stdout).toContain("score string (hashed)");
    expect(objects.stdout).toMatch(/dropped +crm_lead_fid\n/);
  });
});

describe("columns of prospects", () => {
  it("are protected in the deleted prospects and in the prospects of opportunities, too", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Prospect,ProspectDeleted,Opportunity" });
    await at.choose("columns: {Prospect: {drop: [company, crm_lead_fid], hash: [email, last_name]}}");
    at.simulator.advance(2);
    const emails = truth(at.simulator, "Prospect").flatMap(({ email }) => email ?? []);
    const deleted = truth(at.simulator, "Prospect", { deleted: "deleted" }).flatMap(({ email }) => email ?? []);
    expect(deleted.length).toBeGreaterThan(0);
    const { manifest } = await at.run();
    expect(manifest.objects.map(({ status, rejected_rows: rejected }) => [status, rejected])).toEqual(
      manifest.objects.map(() => ["complete", 0]),
    );
    expectNone([...emails, ...deleted], await textBelow(at.data));
    const gone = await landedRecords(at.data, "ProspectDeleted");
    expect(gone.map(({ email }) => email)).toEqual(expect.arrayContaining(deleted.map(hmac)));
    const prospects = byId(truth(at.simulator, "Prospect"));
    const related = (await landedRecords(at.data, "Opportunity")).flatMap(
      (row) => JSON.parse(row["prospects"] ?? "[]") as Record<string, unknown>[],
    );
    expect(related.length).toBeGreaterThan(10);
    for (const { id, email, last_name: last, ...rest } of related) {
      expect(Object.keys(rest)).toEqual(["first_name"]);
      const known = prospects.get(String(id));
      if (known === undefined) continue;
      expect([email, last]).toEqual([hmac(known["email"] ?? ""), known["last_name"] ? hmac(known["last_name"]) : null]);
    }
  });
});

/** Everything in a folder. */
async function textBelow(folder: string): Promise<string> {
  const texts = await Promise.all((await filesBelow(folder)).map((name) => readFile(join(folder, name), "latin1")));
  return texts.join("\n");
}
