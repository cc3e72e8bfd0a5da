import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { entries } from "../../src/catalog/index.ts";
import { camelCase, selectWays } from "../../src/catalog/versions.ts";
import { OBJECTS } from "../../src/operations/probe/objects.ts";
import { probe, PROBE_CALLS_MAX } from "../../src/operations/probe/probe.ts";
import type { ProbeEntry, ProbeResult } from "../../src/operations/probe/probe.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { callCli } from "../kit/cli.ts";
import { filesBelow, landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// `probe` against accounts that differ in what the vendor's documentation leaves open.

const start = scenesUntil(afterEach);

type Knobs = NonNullable<SimulatorOptions["knobs"]>;

const ZONE = { timezone: "America/New_York" } as const;

async function startWith(knobs: Knobs, env: Environment = {}, options: SimulatorOptions = {}): Promise<Scene> {
  return start({ ...ZONE, ...options, knobs }, { PARDOT_TIMEZONE: ZONE.timezone, ...env });
}

interface Wishes {
  readonly signal?: AbortSignal;
  readonly onCall?: () => void;
}

async function probed(at: Scene, { signal = new AbortController().signal, onCall }: Wishes = {}): Promise<ProbeResult> {
  const config = await at.config();
  const onEvent = ({ type }: { readonly type: string }): void => (type === "called" ? onCall?.() : undefined);
  return withRuntime({ signal, onEvent, pardot: config.pardot }, (runtime) =>
    probe(config, { ...runtime, clock: fakeClock(at.simulator.now().getTime()) }),
  );
}

function entry({ entries: all }: Pick<ProbeResult, "entries">, id: string): ProbeEntry | undefined {
  return all.find((one) => one.id === id);
}

const verdict = (result: ProbeResult, id: string): string | null => entry(result, id)?.verdict ?? null;

const WORDS =
  "Campaign Opportunity Prospect Paused Update between default number running campaign custom custom-redirect dynamic-content email-template form-handler landing-page layout-template".split(
    " ",
  );

/** The words that any account shows: enumerations of the vendor, and names of fields. */
const COMMON: ReadonlySet<string> = new Set([
  ...selectWays(entries, "5").flatMap(({ columns }) => columns.flatMap(({ name }) => [name, camelCase(name)])),
  ...WORDS,
]);

/** Objects that the simulator knows by another name, or not at all. */
const UNKNOWN = /^(?:Export|TaggedObject|.*Deleted)$/;

/** Values of the account that the text has: of every object, longer than five characters. */
function leaked(at: Scene, text: string): readonly string[] {
  const names = entries.map(({ name }) => name).filter((name) => !UNKNOWN.test(name));
  const found = new Set<string>();
  for (const name of names) {
    for (const row of at.simulator.rows(name)) {
      for (const value of Object.values(row) as readonly unknown[]) {
        const words = typeof value === "string" || typeof value === "number" ? String(value) : "";
        if (words.length > 5 && !COMMON.has(words) && text.includes(words)) found.add(`${name}: ${words}`);
      }
    }
  }
  return [...found];
}

/** A knob, the entry that has to show it, and its verdicts by default and otherwise. */
type Row = readonly [knobs: Knobs, id: string, byDefault: string | null, otherwise: string | null];

/** Each list shares an account. */
const FIRST: readonly Row[] = [
  [{ v5AccountBody: "values" }, "account.envelope", "record", "values"],
  [{ v5Arrays: "refused" }, "ListEmail.fields", "all", "lists refused"],
  [{ v5CsvDates: "offset" }, "v5.file-dates", "YYYY-MM-DD HH:MM:SS", "YYYY-MM-DDTHH:MM:SS±HH:MM"],
  [{ v5ExportCreatedStatus: 200 }, "v5.export-status", "status 201", "status 200"],
  [{ v5ExportState: "status" }, "v5.export-state", "state", "status"],
  [{ v5FieldsMissingCode: 36 }, "refused.fields-missing", "code 13", "code 36"],
  [{ v5IdListMax: 5000 }, "refused.id-list", "code 63", "accepted"],
  [{ v5IgnoredFilters: "Visitor.updatedAt" }, "Visitor.filter", "honored", "ignored"],
  [{ v5MissingFields: "User.lastName,Visitor.hostname" }, "Visitor.fields", "all", "some missing"],
  [{ v5NoRecycleBin: "EmailTemplate" }, "bin.Opportunity", "refused", "accepted"],
  [{ v5NoRecycleBin: "EmailTemplate" }, "EmailTemplate.bin", null, "refused"],
  [{ v5Procedures: "camel" }, "v5.export-procedure", "filter_by_updated_at", "filterByUpdatedAt"],
  [{ v5StatsRates: "fraction" }, "stats.rates", "percent", "fraction"],
  [{ v5Unordered: "id" }, "pages.order", "no order", "by id"],
  [{ v5WriteOnlyCode: 51 }, "refused.field-write-only", "code 224", "code 51"],
  [{ csvBoolean: "1/0" }, "v4.file-booleans", "true/false", "1/0"],
  [{ csvBoolean: "1/0" }, "v5.file-booleans", "true/false", "1/0"],
  [{ csvNewline: "crlf" }, "v4.file-lines", "lf", "crlf"],
  [{ csvQuoting: "all" }, "v4.file-quoting", "where needed", "all"],
  [{ downloadLength: "content-length", gzip: false }, "v4.file-type", "without a length", "with a length"],
  [{ exportWrapper: "none" }, "v4.export-envelope", "wrapped", "bare"],
  [{ filterBounds: "inclusive" }, "v4.bounds", "exclusive", "inclusive"],
  [{ oneRowCollapse: false }, "v4.one-row", "object", "list"],
  [{ bulkEmpty: "absent" }, "v4.no-rows", "null", "absent"],
  [{ limitOver200: "error" }, "v4.limit", "accepted", "code 23"],
  [{ errorStatus: 200 }, "v4.refusal", "status 400", "status 200"],
  [{ unknownIdCode: 16 }, "v4.id-unknown", "code 109", "code 16"],
  [{ unknownIdCode: 16 }, "refused.id-unknown", "code 109", "code 16"],
  [{ htmlForUnknownObjects: false }, "v4.object-unknown", "html", "code 198"],
  [{ urlNameCase: "any" }, "v4.name-case", "exact", "any case"],
  [{ exportsVisible: false }, "v4.export-list", "allowed", "code 46"],
  [{ prospectAccountValueFields: true }, "v4.account-fields", "plain", "in value"],
  [{ usageHeader: false }, "headers.usage-v4", "N/N", "absent"],
  [{ usageHeader: false }, "headers.usage-v5", "N/N", "absent"],
  [{ v5RedactedFields: "Visitor.ipAddress" }, "headers.warnings", "none of 202", "202"],
];

const SECOND: readonly Row[] = [
  [{ v5Exports: false }, "v5.export-create", "created", "code 46"],
  [{ v5FieldsMissingCode: 51 }, "refused.fields-missing", "code 13", "code 51"],
  [
    { v5RequiredFilters: "DynamicContentVariation.dynamicContentId" },
    "DynamicContentVariation.fields",
    "all",
    "per parent",
  ],
  [{ v5StatsRates: "text" }, "stats.rates", "percent", "text"],
  [{ v5WeakFilters: "unknown" }, "TaggedObject.filter", "honored", "refused"],
  [{ csvQuotes: "php" }, "v4.file-quoting", "where needed", "also with a blank"],
  [{ csvBlankLastLine: true }, "v4.file-lines", "lf", "lf, a blank last line"],
  [{ filterOffset: "honoured" }, "v4.offset", "ignored", "honored"],
  [{ bulkEmpty: "list" }, "v4.no-rows", "null", "list"],
  [{ status88and89: 200 }, "v4.other-version", "code 88, status 400", "code 88, status 200"],
];

const THIRD: readonly Row[] = [
  [{ resultRefsHost: "https://elsewhere.example" }, "v5.file", "delivered", "elsewhere"],
  [{ v5UnknownFilter: "ignored" }, "refused.filter-unknown", "refused", "ignored"],
  [{ v5UnknownFilter: "ignored", v5WeakFilters: "unknown" }, "TaggedObject.filter", "honored", "ignored"],
  [{ versionAllowed: 3 }, "v4.other-version", "code 88, status 400", "code 89, status 400"],
  [{ refusedProcedures: "Prospect.filter_by_updated_at" }, "v4.export-create", "created", "code 174"],
];

/** Differences that neither the fragment nor a sentence deals with. */
function unexplained({ entries: all, fragment }: ProbeResult): readonly string[] {
  const overridden = new Set(Array.from(fragment?.matchAll(/^ {2}(\w+):$/gm) ?? [], ([, name]) => name));
  return all
    .filter(({ status }) => status === "differs")
    .filter(({ id, means, verdict: found }) => {
      const [object = ""] = id.split(".");
      const isQuery = OBJECTS.some((question) => question.id === object) && !/^code |^status /.test(found ?? "");
      const isText = id === "stats.rates" && found === "text";
      return means === null || (isQuery && !overridden.has(object)) || (isText && !overridden.has("ListEmailStats"));
    })
    .map(({ id }) => id);
}

describe("probe", () => {
  it("reports how a default account responds, without any record's value, and writes only a note of its calls", async () => {
    const at = await startWith({});
    const { code, stdout } = await callCli(["probe", "--json"], at.env, { cwd: at.root });
    expect(code).toBe(0);
    expect(at.simulator.stats().calls).toBeLessThanOrEqual(PROBE_CALLS_MAX);
    expect(leaked(at, stdout)).toEqual([]);
    const written = await filesBelow(at.data);
    expect(written.filter((name) => !name.startsWith("_pardot_etl/state/calls/"))).toEqual([]);
    const result = JSON.parse(stdout) as ProbeResult;
    expect(result).toMatchObject({ calls: at.simulator.stats().calls });
    expect(new Set(result.entries.map(({ id }) => id)).size).toBe(result.entries.length);
    // Dates without an offset are UTC only if PARDOT_TIMEZONE is right, which a probe cannot tell.
    expect(result.fragment).not.toContain("process");
    const differing = result.entries.filter(({ status }) => status === "differs");
    expect(differing.map(({ id }) => id)).toEqual(["File.fields", "LandingPage.fields"]);
    for (const [, id, byDefault] of [...FIRST, ...SECOND, ...THIRD])
      expect([id, verdict(result, id)]).toEqual([id, byDefault]);
    expect(entry(result, "VisitorActivity.fields")?.seen).toContain("absent");
    expect(entry(result, "v4.file-dates")).toMatchObject({ status: "expected", means: null });
    expect(entry(result, "limit.day")).toMatchObject({ status: "not asked", seen: null });
    const { calls_today: noted } = JSON.parse(
      (await callCli(["status", "--json"], at.env, { cwd: at.root })).stdout,
    ) as { readonly calls_today: number };
    expect(noted).toBe(result.calls);
  });

  it.each([
    ["first", FIRST, { v5ActivityNullIds: "null" }],
    ["second", SECOND, {}],
    ["third", THIRD, {}],
  ] as const)("tells accounts apart by each knob: %s list", async (_, rows, further) => {
    const knobs = rows.reduce<Knobs>((all, [one]) => ({ ...all, ...one }), further);
    const at = await startWith(knobs);
    const result = await probed(at);
    for (const [, id, , otherwise] of rows) expect([id, verdict(result, id)]).toEqual([id, otherwise]);
    expect(unexplained(result)).toEqual([]);
    expect(at.simulator.stats().calls).toBeLessThanOrEqual(PROBE_CALLS_MAX);
    expect(leaked(at, JSON.stringify(result))).toEqual([]);
    if ("v5ActivityNullIds" in further) expect(entry(result, "VisitorActivity.fields")?.seen).not.toContain("absent");
  });

  it("writes a fragment that the configuration accepts and that changes the requests", async () => {
    const at = await startWith({
      v5Arrays: "refused",
      v5CsvDates: "offset",
      v5IgnoredFilters: "Visitor.updatedAt",
      v5NoRecycleBin: "EmailTemplate,Opportunity",
      v5WeakFilters: "unknown",
    });
    const { stdout } = await callCli(["probe"], at.env, { cwd: at.root });
    const fragment = stdout.slice(stdout.indexOf("catalog:"));
    await writeFile(join(at.root, "pardot-etl.yaml"), fragment);
    const { catalog } = await at.config({ PARDOT_API_VERSION: "5" });
    const way = (name: string): unknown => catalog.find((object) => object.name === name)?.way;
    expect(way("Prospect")).toMatchObject({ api: "v5", process: "bulk" });
    expect(way("ListMembership")).toMatchObject({ process: "segmented" });
    expect(way("Visitor")).toMatchObject({ query: { filters: [] } });
    expect(way("EmailTemplate")).toMatchObject({ query: { deleted: false } });
    expect(way("TaggedObject")).toMatchObject({ query: { split: null } });
    expect(way("File")).toMatchObject({ wire: { salesforce_cms_id: null } });
    expect(way("ListEmail")).toMatchObject({ wire: { sender_options: null, reply_to_options: null } });
  });

  it("writes a fragment with which rates as text are read, and a recycle bin that is not reached is not relied on", async () => {
    const at = await startWith({ v5StatsRates: "text", v5NoRecycleBin: "EmailTemplate" });
    const env = { PARDOT_ETL_OBJECTS: "VisitorActivity,ListEmailStats", PARDOT_API_VERSION: "5" };
    const { stdout } = await callCli(["probe"], at.env, { cwd: at.root });
    expect(stdout).toContain("opportunities are read without deleted ones");
    await writeFile(join(at.root, "pardot-etl.yaml"), stdout.slice(stdout.indexOf("catalog:")));
    const { catalog } = await at.config(env);
    expect(catalog.find(({ name }) => name === "EmailTemplate")).toMatchObject({ deletes: false });
    const result = await at.run({ env });
    expect(result.error).toBeNull();
    const [first] = await landedRecords(at.data, "ListEmailStats");
    expect(first?.["delivery_rate"]).toMatch(/%$/);
  });

  it("asks as many questions as it has calls, and names the others", async () => {
    const at = await startWith({ v5MissingFields: "Visitor.hostname,Opportunity.type,File.salesforceCmsId" });
    const { entries: all, calls } = await probed(at);
    expect(calls).toBe(PROBE_CALLS_MAX);
    expect(at.simulator.stats().calls).toBe(PROBE_CALLS_MAX);
    const left = all.filter(({ means }) => means === "All 60 calls were made.");
    expect(left.length).toBeGreaterThan(0);
    expect(left.every(({ status }) => status === "not asked")).toBe(true);
  });

  it("ends at the day's limit and reports its findings so far", async () => {
    const at = await startWith({}, {}, { dailyLimit: 20 });
    const { code, stdout, stderr } = await callCli(["probe"], at.env, { cwd: at.root });
    expect(code).toBe(4);
    expect(stdout).toContain("It ended early: pardot.daily-limit");
    expect(stdout).toContain("account.envelope: record");
    expect(stderr).toContain("calls of today are used up");
    expect(at.simulator.stats().calls).toBe(21);
  });

  it.each([
    ["4", "v5.export-create", /^v5 /],
    ["5", "v4.export-create", /^(?!v5 )/],
  ])("asks nothing of the other generation under PARDOT_API_VERSION=%s", async (version, skipped, others) => {
    const at = await startWith({}, { PARDOT_API_VERSION: version });
    const result = await probed(at);
    expect(entry(result, skipped)?.means).toContain(`PARDOT_API_VERSION=${version}`);
    expect(Object.keys(at.simulator.stats().byKind).filter((kind) => others.test(kind))).toEqual([]);
  });

  it("stops at a signal", async () => {
    const at = await startWith({});
    const controller = new AbortController();
    let calls = 0;
    const onCall = (): void => {
      calls += 1;
      if (calls === 5) controller.abort(new Error("stopped"));
    };
    await expect(probed(at, { signal: controller.signal, onCall })).rejects.toThrow("stopped");
    expect(at.simulator.stats().calls).toBeLessThanOrEqual(6);
  });

  it("renews a refused token, and keeps to PARDOT_DAILY_CALL_BUDGET", async () => {
    const at = await startWith({}, { PARDOT_DAILY_CALL_BUDGET: "12" });
    at.simulator.faults([{ path: "/api/v5/objects/account", expiredToken: true }]);
    const result = await probed(at);
    expect(result).toMatchObject({ exitCode: 4, calls: 12 });
    expect(verdict(result, "account.envelope")).toBe("record");
    expect(at.simulator.stats()).toMatchObject({ calls: 12, tokenRequests: 2 });
  });

  it("refuses credentials like any command", async () => {
    const at = await startWith({});
    const { code } = await callCli(["probe"], { ...at.env, PARDOT_REFRESH_TOKEN: "not-it" }, { cwd: at.root });
    expect(code).toBe(3);
  });
});
