import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";

/**
 * `node bench/ready-server.ts '{"blocks":1,"pages":1,"latencyMs":0}'`: a Pardot whose bodies are ready in memory, so that a
 * measurement shows the reader. It knows one export (VisitorActivity, `blocks` of about a megabyte, complete at once) and
 * the queries of email clicks (JSON) and lists (XML), `pages` of 200 records each. Prints its address.
 */
export interface ReadyOptions {
  readonly blocks: number;
  readonly pages: number;
  readonly latencyMs: number;
}

const PAGE = 200;
const BLOCK_ROWS = 6000;
const DAY = "2026-03-01";
const COLUMNS =
  "id,prospect_id,visitor_id,type,type_name,details,email_id,email_template_id,list_email_id,form_id,form_handler_id,site_search_query_id,landing_page_id,paid_search_id_ad_id,multivariate_test_variation_id,visitor_page_view_id,file_id,custom_redirect_id,visit_id,opportunity_id,opportunity_stage,campaign_id,created_at,updated_at";

const { blocks, pages, latencyMs } = JSON.parse(process.argv[2] ?? "{}") as ReadyOptions;
let fields: readonly string[] = COLUMNS.split(",");
const OK = '"@attributes":{"stat":"ok","version":1}';
const numbers = Array.from({ length: pages * PAGE }, (_, i) => i + 1);
const clicks = allPages(numbers.map(clickOf), (records) =>
  records.length === 0
    ? `{${OK},"result":{"total_results":0}}`
    : `{${OK},"result":{"emailClick":[${records.join(",")}]}}`,
);
const lists = allPages(
  numbers.map(listOf),
  (records) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<rsp stat="ok" version="1.0"><result>${records.join("")}</result></rsp>`,
);

const server = createServer((request, response) => void respond(request, response));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  if (latencyMs > 0) await setTimeout(latencyMs);
  const url = new URL(request.url ?? "/", "http://loopback");
  const [, , object = "", , , , verb = ""] = url.pathname.split("/");
  if (url.pathname.includes("oauth2")) {
    send(response, Buffer.from('{"access_token":"bench","instance_url":"","token_type":"Bearer"}'));
  } else if (url.pathname.includes("downloadResults")) {
    await sendBlocks(response);
  } else if (object === "export" && verb === "create") {
    fields = (JSON.parse(body) as { fields?: string[] }).fields ?? fields;
    send(response, Buffer.from(`{${OK},"export":{"id":1,"state":"Waiting","isExpired":false}}`));
  } else if (object === "export") {
    const host = `http://${String(request.headers.host)}`;
    const result = `${host}/api/export/version/4/do/downloadResults/id/1/file/1`;
    send(
      response,
      Buffer.from(`{${OK},"export":{"id":1,"state":"Complete","isExpired":false,"resultRefs":["${result}"]}}`),
    );
  } else if (object === "visitorActivity") {
    send(response, Buffer.from(`{${OK},"result":{"visitor_activity":{"id":1,"created_at":"${DAY} 00:00:00"}}}`));
  } else if (object === "emailClick" || object === "list") {
    const isLast = url.searchParams.get("sort_order") === "descending";
    const after = isLast ? pages * PAGE - 1 : Number(url.searchParams.get("id_greater_than") ?? 0);
    send(response, (object === "list" ? lists : clicks)(after));
  } else {
    send(response, Buffer.from(`{${OK},"account":{"id":1,"company":"Bench"}}`));
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, body: Buffer): void {
  const type = body[0] === 60 ? "text/xml; charset=utf-8" : "application/json";
  response.writeHead(200, { "content-type": type, "content-length": body.length });
  response.end(body);
}

async function sendBlocks(response: ServerResponse): Promise<void> {
  const header = Buffer.from(`${fields.join(",")}\n`);
  const block = Buffer.from(
    Array.from({ length: BLOCK_ROWS }, (_, row) => `${fields.map((name) => cellOf(name, row)).join(",")}\n`).join(""),
  );
  response.writeHead(200, { "content-type": "text/csv", "content-length": header.length + blocks * block.length });
  response.write(header);
  for (let n = 0; n < blocks; n += 1) {
    if (!response.write(block)) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
}

/** Typical visitor activities: links, short labels, and one text in ten that needs quotes. */
function cellOf(name: string, row: number): string {
  const seconds = String(row % 60).padStart(2, "0");
  const link = `https://www.example.com/landing/page-${row % 500}?utm_source=newsletter&utm_campaign=c${row % 77}`;
  const cells: Readonly<Record<string, string>> = {
    id: String(650_000_000 + row),
    prospect_id: row % 3 === 0 ? "" : String(8_102_000 + (row % 7777)),
    visitor_id: String(440_000 + row),
    type: String(1 + (row % 30)),
    type_name: row % 4 === 0 ? "Form Handler" : "Email Tracker",
    details: row % 10 === 0 ? '"Contact us, ""now"" – 😀"' : link,
    email_id: String(88_000_000 + row),
    list_email_id: row % 4 === 0 ? "" : String(4021 + (row % 9)),
    campaign_id: "44",
    created_at: `${DAY} 12:00:${seconds}`,
    updated_at: `${DAY} 12:30:${seconds}`,
  };
  return cells[name] ?? "";
}

/** The page after an id. Those of a reading from the first id on are ready. */
function allPages(records: readonly string[], body: (records: readonly string[]) => string): (after: number) => Buffer {
  const after = (id: number): Buffer => Buffer.from(body(records.slice(id, id + PAGE)));
  const ready = Array.from({ length: pages }, (_, page) => after(page * PAGE));
  return (id) => (id % PAGE === 0 ? ready[id / PAGE] : undefined) ?? after(id);
}

function clickOf(id: number): string {
  const i = (id - 1) % PAGE;
  return `{"id":${id},"prospect_id":${81_000_000 + (id % 9973)},"url":"https:\\/\\/www.acme.test\\/a\\/b?x=${id % 100}&y=%20z#part","list_email_id":${905_000 + (id % 77)},"created_at":"${DAY} 09:${String(Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}"}`;
}

function listOf(id: number): string {
  return `<list><id>${id}</id><name>Customers &amp; friends, ${id}</name><is_public>false</is_public><is_dynamic>true</is_dynamic><title/><description>guide &quot;survey&quot;</description><is_crm_visible>true</is_crm_visible><created_at>${DAY} 09:00:00</created_at><updated_at>${DAY} 10:00:${String(id % 60).padStart(2, "0")}</updated_at></list>`;
}
