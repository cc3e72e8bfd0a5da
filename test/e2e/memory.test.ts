import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { indexedEmail, addPairs, markRead } from "../../src/state/email-index.ts";
import { entryKey, loadState } from "../../src/state/journal.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { FolderStorage } from "../../src/storage/folder/folder.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G7: the extracting process stays under 200 MB resident. Larger accounts are for `npm run bench`.

const ROOT = join(import.meta.dirname, "../..");
const ROWS = 200_000;
const MEGABYTES_MAX = 200;

interface Measured {
  readonly code: number | null;
  readonly manifest: Manifest;
  readonly megabytes: number;
}

/** A run of the command line, and its peak memory. */
async function measure(at: Scene, more: Environment = {}): Promise<Measured> {
  const peak = join(at.root, "peak");
  const preload = join(at.root, "peak.mjs");
  // Linux counts what the starting process holds in a child's `maxRSS`, and a test's process may hold more than the limit.
  const writePeak = `
    import { existsSync, readFileSync, writeFileSync } from "node:fs";
    const STATUS = "/proc/self/status";
    const peak = () =>
      existsSync(STATUS) ? /VmHWM:\\s+(\\d+)/.exec(readFileSync(STATUS, "utf8"))[1] : process.resourceUsage().maxRSS;
    process.on("exit", () => writeFileSync(${JSON.stringify(peak)}, String(peak())));`;
  await writeFile(preload, writePeak);
  const args = ["--import", pathToFileURL(preload).href, join(ROOT, "src/bin.js"), "run", "--json"];
  const env = { PATH: process.env["PATH"] ?? "", ...at.env, PARDOT_MAX_CONCURRENCY: "5", ...more };
  const child = spawn(process.execPath, args, { cwd: at.root, env, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part));
  const [code] = (await once(child, "close")) as [number | null];
  return {
    code,
    manifest: JSON.parse(output) as Manifest,
    megabytes: Number(await readFile(peak, "utf8")) / 1024,
  };
}

it.each(["csv", "jsonl", "parquet"])(
  `G7 ${ROWS} activities and a paged object in %s stay under ${MEGABYTES_MAX} MB resident`,
  { timeout: 300_000 },
  async (format) => {
    const at = await scene({ rows: { VisitorActivity: ROWS, Tag: 5000 } }, { PARDOT_ETL_FORMAT: format });
    onTestFinished(() => at.close());
    const { code, manifest, megabytes } = await measure(at);
    expect(code).toBe(0);
    const files = manifest.objects.flatMap((object) => object.files);
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBeGreaterThanOrEqual(ROWS + 5000);
    expect(megabytes).toBeLessThan(MEGABYTES_MAX);
  },
);

const PAGE_BYTES = 3_800_000;

/** Passes requests on, and makes names so long that a page of `records` records has `PAGE_BYTES`. */
async function longNames(url: string, records: number): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === "string" && !/^(?:host|accept-encoding|connection|content-length)$/.test(name)
          ? [[name, value]]
          : [],
      );
      const body = incoming.method === "POST" ? await text(incoming) : null;
      const answer = await fetch(`${url}${incoming.url ?? ""}`, { method: incoming.method ?? "GET", headers, body });
      // Not ASCII: two bytes for each character of V8's text.
      const name = "abc \u00E9 ".repeat(PAGE_BYTES / records / 7);
      const page = (await answer.text()).replace(/<name>|"name":"/g, (start) => start + name);
      const kind = answer.headers.get("content-type") ?? "";
      outgoing.writeHead(answer.status, { "content-type": kind }).end(page);
    })();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

const BY_ID = { objects: ["Tag", "List", "Form", "Opportunity", "Campaign"], rows: 2000, page: 200 };
// Read by page tokens: records wait until the second that they share has been read.
const BY_DATE = { objects: ["Opportunity", "EngagementStudioProgram", "DynamicContent"], rows: 8000, page: 1000 };

it.each([
  ["in xml", BY_ID, { PARDOT_V4_FORMAT: "xml" }],
  ["in json", BY_ID, { PARDOT_V4_FORMAT: "json" }],
  ["sorted by date", BY_DATE, { PARDOT_API_VERSION: "5" }],
] as const)(
  `G7 pages of ${PAGE_BYTES} bytes %s stay under ${MEGABYTES_MAX} MB resident`,
  { timeout: 300_000 },
  async (_title, { objects, rows, page }, settings) => {
    const simulated = Object.fromEntries(objects.map((object) => [object, rows]));
    const at = await scene({ rows: simulated }, { PARDOT_ETL_OBJECTS: objects.join(","), ...settings });
    onTestFinished(() => at.close());
    const server = await longNames(at.simulator.url, page);
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, manifest, megabytes } = await measure(at, { PARDOT_API_URL: `http://127.0.0.1:${port}` });
    expect(code).toBe(0);
    const files = manifest.objects.flatMap((object) => object.files);
    const landed = objects.length * rows;
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(landed);
    expect(files.reduce((sum, file) => sum + file.bytes, 0)).toBeGreaterThan((landed * PAGE_BYTES) / page);
    expect(megabytes).toBeLessThan(MEGABYTES_MAX);
  },
);

/** Writes a snapshot after the newest one, with `count` list emails of which most have been read. */
async function addListEmails(at: Scene, count: number): Promise<void> {
  const signal = new AbortController().signal;
  const storage = new FolderStorage({ path: at.data, clock: fakeClock(), random: systemRandom });
  const { state, sequence } = await loadState(storage, signal);
  const ids = Array.from({ length: count }, (_, i) => String(10_000_000 + 7 * i));
  const at0 = "2026-01-01T00:00:00Z";
  const pairs = ids.map((listEmailId) => ({ listEmailId, emailId: `88${listEmailId}` }));
  const change = { object: "Email", outcome: "landed", at: at0, listEmailIds: ids, clearsActivity: false } as const;
  const emails = markRead(addPairs(state.emails, pairs, false), change);
  const next = sequence + 1;
  const entry = {
    format_version: 1,
    sequence: next,
    base: next,
    run_id: "test",
    written_at: at0,
    snapshot: { ...state, emails },
  };
  await writeFile(join(at.data, entryKey(next)), JSON.stringify(entry));
}

it("G7 400,000 list emails are written and read under 200 MB resident", { timeout: 300_000 }, async () => {
  const at = await scene({ scale: "tiny" }, { PARDOT_ETL_OBJECTS: "VisitorActivity,Email" });
  onTestFinished(() => at.close());
  await at.run();
  await addListEmails(at, 400_000);
  for (let day = 0; day < 2; day += 1) {
    at.simulator.advance(1);
    const measured = await measure(at);
    expect(measured.code).toBe(0);
    expect(measured.megabytes).toBeLessThan(MEGABYTES_MAX);
  }
  const { state } = await loadState(
    new FolderStorage({ path: at.data, clock: fakeClock(), random: systemRandom }),
    new AbortController().signal,
  );
  expect(indexedEmail(state.emails, "10000007")).toMatchObject({ emailId: "8810000007" });
});
