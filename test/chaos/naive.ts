import { createHash } from "node:crypto";
import { catalog } from "../../src/catalog/index.ts";
import type { Transport } from "../../src/http/transport.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
} from "../../src/simulator/index.ts";
import type { Turns } from "./turns.ts";

/**
 * The control: the processes of the contract as a first draft. It sends bounds unchanged, names files by the second,
 * overwrites files, tries everything three times, and saves the state right after the data and before the manifest. It
 * reads VisitorActivity by export, and Tag and Account by query.
 */
export interface NaiveSurroundings {
  readonly apiUrl: string;
  readonly transport: Transport;
  readonly turns: Turns;
  /** Overwrites existing data. */
  readonly write: (key: string, text: string) => Promise<void>;
  readonly read: (key: string) => string | null;
}

const NEVER = new AbortController().signal;
const DAY_MS = 86_400_000;
const WINDOW_MS = 364 * DAY_MS;
const STATE = "_pardot_etl/naive-state.json";

/** The columns of an object's table. */
function fieldsOf(object: string): string[] {
  return catalog.find(({ name }) => name === object)?.columns.map(({ name }) => name) ?? [];
}

interface NaiveFile {
  readonly key: string;
  readonly rows: number;
  readonly text: string;
}

export async function naiveRun(at: NaiveSurroundings): Promise<void> {
  const startedAt = at.turns.clock.now();
  const runId = stamp(startedAt);
  const state = JSON.parse(at.read(STATE) ?? "{}") as Record<string, string>;
  const token = (await ask("POST", "/services/oauth2/token", tokenForm(), at, null)) as { access_token: string };
  const get = (path: string, parameters: Record<string, string>): Promise<unknown> =>
    ask(
      "GET",
      `${path}?${new URLSearchParams({ ...parameters, format: "json", output: "bulk" }).toString()}`,
      null,
      at,
      token.access_token,
    );
  const now = startedAt;
  const files: Record<string, NaiveFile[]> = { VisitorActivity: [], Tag: [], Account: [] };

  const from =
    state["VisitorActivity"] === undefined
      ? Date.parse("2023-01-01T00:00:00Z")
      : Date.parse(`${state["VisitorActivity"].replace(" ", "T")}Z`) - DAY_MS;
  for (let start = from; start < now; start += WINDOW_MS) {
    const by = state["VisitorActivity"] === undefined ? "created" : "updated";
    const body = JSON.stringify({
      object: "VisitorActivity",
      fields: fieldsOf("VisitorActivity"),
      procedure: {
        name: `filter_by_${by}_at`,
        arguments: { [`${by}_after`]: text(start), [`${by}_before`]: text(Math.min(now, start + WINDOW_MS)) },
      },
    });
    const created = (await ask(
      "POST",
      "/api/export/version/4/do/create?format=json",
      body,
      at,
      token.access_token,
    )) as NaiveExport;
    let reply = created;
    while (reply.export.state !== "Complete") {
      await at.turns.clock.sleep(5000);
      reply = (await get(`/api/export/version/4/do/read/id/${created.export.id}`, {})) as NaiveExport;
    }
    for (const reference of [reply.export.resultRefs ?? []].flat()) {
      const csv = (await ask("GET", new URL(reference).pathname, null, at, token.access_token)) as string;
      files["VisitorActivity"]?.push(await land("VisitorActivity", csv, csv.trim().split("\n").length - 1, at));
    }
  }

  let after = state["Tag"] ?? "1900-01-01 00:00:00";
  for (;;) {
    const page = (await get("/api/tag/version/4/do/query", {
      updated_after: after,
      sort_by: "updated_at",
      sort_order: "ascending",
      limit: "200",
    })) as { result: { tag?: NaiveRecord | NaiveRecord[] } | null };
    const records = [page.result?.tag ?? []].flat();
    const last = records.at(-1);
    if (last === undefined) break;
    files["Tag"]?.push(await land("Tag", csvOf("Tag", records), records.length, at));
    after = String(last["updated_at"]);
  }
  const account = (await get("/api/account/version/4/do/read", {})) as { account: NaiveRecord };
  files["Account"]?.push(await land("Account", csvOf("Account", [account.account]), 1, at));

  await at.write(STATE, JSON.stringify({ VisitorActivity: text(now), Tag: after }));
  await at.write(`_pardot_etl/runs/${runId}/manifest.json`, JSON.stringify(manifest(runId, from, now, files)));
}

type NaiveRecord = Readonly<Record<string, string | number | null>>;

interface NaiveExport {
  readonly export: { readonly id: number; readonly state: string; readonly resultRefs?: string | string[] };
}

async function land(object: string, body: string, rows: number, at: NaiveSurroundings): Promise<NaiveFile> {
  const key = `${object}/${object}_${stamp(at.turns.clock.now())}.csv`;
  await at.write(key, body);
  return { key, rows, text: body };
}

/** Tries everything three times, and accepts any body. */
async function ask(
  method: "GET" | "POST",
  path: string,
  body: string | null,
  { apiUrl, transport, turns }: NaiveSurroundings,
  token: string | null,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const type = body?.startsWith("{") === true ? "application/json" : "application/x-www-form-urlencoded";
      const headers: Record<string, string> =
        token === null
          ? { "content-type": type }
          : {
              "content-type": type,
              authorization: `Bearer ${token}`,
              "pardot-business-unit-id": SIMULATOR_BUSINESS_UNIT_ID,
            };
      const response = await transport({ method, url: new URL(path, apiUrl), headers, body }, NEVER);
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of response.body) chunks.push(chunk);
      } catch {
        turns.assertAlive();
      }
      const reply = Buffer.concat(chunks).toString("utf8");
      if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`);
      return path.includes("downloadResults") ? reply : JSON.parse(reply);
    } catch (error) {
      turns.assertAlive();
      if (attempt === 3) throw error;
      await turns.clock.sleep(1000);
    }
  }
}

function tokenForm(): string {
  return new URLSearchParams({
    grant_type: "refresh_token",
    client_id: SIMULATOR_CLIENT_ID,
    client_secret: SIMULATOR_CLIENT_SECRET,
    refresh_token: SIMULATOR_REFRESH_TOKEN,
  }).toString();
}

function csvOf(object: string, records: readonly NaiveRecord[]): string {
  const fields = fieldsOf(object);
  const cell = (value: string | number | null | undefined): string =>
    value === null || value === undefined ? "" : `"${String(value).replaceAll('"', '""')}"`;
  return `${[fields.join(","), ...records.map((record) => fields.map((field) => cell(record[field])).join(","))].join("\n")}\n`;
}

function manifest(
  runId: string,
  from: number,
  now: number,
  files: Readonly<Record<string, readonly NaiveFile[]>>,
): object {
  const objects = Object.entries(files).map(([object, landed]) => ({
    object,
    windows: [{ field: "updated_at", from: new Date(from).toISOString(), to: new Date(now).toISOString() }],
    files: landed.map(({ key, rows, text: body }) => ({
      key,
      rows,
      bytes: Buffer.byteLength(body),
      sha256: createHash("sha256").update(body).digest("hex"),
      max_watermark: null,
    })),
  }));
  return { format_version: 1, run_id: runId, now: new Date(now).toISOString(), status: "complete", objects };
}

/** `2026-03-20 09:30:00`, Pardot's form in an account in UTC. */
function text(instant: number): string {
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}

/** A name that contains the second. */
function stamp(instant: number): string {
  return new Date(instant).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
}
