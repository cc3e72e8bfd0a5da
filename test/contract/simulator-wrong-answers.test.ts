import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { connect, elements, parseXml, records, shown } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";

// Successful responses of the wrong kind, made by scripted faults and knobs. Our client is not involved.

const TAG = "/api/tag/version/4/do/query";
const PLAIN = { headers: { "Accept-Encoding": "identity" } };
const BODY = {
  object: "Visitor",
  procedure: { name: "filter_by_updated_at", arguments: { updated_after: "2025-06-01" } },
};

/** A complete Visitor export of one file: its id, and the path of the file. */
async function exported(client: SimulatorClient): Promise<{ id: number; file: string }> {
  const id = await client.createExport(BODY);
  const { export: status } = await client.json(`/api/export/version/4/do/read/id/${id}`);
  const [ref = ""] = [status?.["resultRefs"]].flat() as string[];
  return { id, file: new URL(ref).pathname };
}

const ONE_FILE: SimulatorOptions = { rows: { Visitor: 60 }, knobs: { filesPerExport: 1, csvEmptyText: "nothing" } };

describe("a response of the wrong kind", () => {
  test("is a text, empty, 204, or a part with its range, and the next response is correct", async () => {
    await using client = await connect();
    const whole = await client.call(TAG, PLAIN);
    client.simulator.faults([
      { path: "/tag/", text: "upstream request timeout\n" },
      { path: "/tag/", text: "" },
      { path: "/tag/", status: 204 },
      { path: "/tag/", partial: 100 },
      { path: "/tag/", text: "<b>", status: 203, headers: { "Content-Type": "text/html" } },
    ]);
    const given = [];
    for (let n = 0; n < 6; n += 1) {
      const { status, text, headers } = await client.call(TAG, PLAIN);
      given.push([status, text, headers.get("content-type"), headers.get("content-range")]);
    }
    const range = `bytes 0-99/${Buffer.byteLength(whole.text)}`;
    expect(given).toEqual([
      [200, "upstream request timeout\n", "text/plain", null],
      [200, "", "text/plain", null],
      [204, "", null, null],
      [206, Buffer.from(whole.text).subarray(0, 100).toString(), "text/xml; charset=utf-8", range],
      [203, "<b>", "text/html", null],
      [200, whole.text, "text/xml; charset=utf-8", null],
    ]);
  });

  test("ends only with the connection, complete or not", async () => {
    await using client = await connect(ONE_FILE);
    const { file } = await exported(client);
    const whole = await client.call(file, PLAIN);
    client.simulator.faults([
      { path: "downloadResults", unframed: true },
      { path: "downloadResults", unframed: true, truncate: 300, quiet: true },
      { path: "/tag/", unframed: true },
    ]);
    const [all, part, page] = [await client.call(file), await client.call(file, PLAIN), await client.call(TAG, PLAIN)];
    for (const { headers } of [all, part, page]) {
      expect([headers.get("content-length"), headers.get("transfer-encoding")]).toEqual([null, null]);
      expect(headers.get("connection")).toBe("close");
    }
    expect(all.text).toBe(whole.text);
    expect(part.text).toBe(whole.text.slice(0, 300));
    expect(page.text).toContain("</rsp>");
  });

  test("replaces token responses too", async () => {
    await using client = await connect();
    client.simulator.faults([{ path: "oauth2", text: "ok" }]);
    const response = await fetch(`${client.simulator.url}/services/oauth2/token`, { method: "POST", body: "" });
    expect([response.status, await response.text()]).toEqual([200, "ok"]);
  });
});

describe("a result file", () => {
  const HEADER = "id,prospect_id,page_view_count,ip_address,hostname";
  const wrong: [string, (text: string, whole: string) => unknown, unknown][] = [
    ["title-header", (text) => text.slice(0, 30), "Id,Prospect Id,Page View Count"],
    ["upper-header", (text) => text.slice(0, 14), "ID,PROSPECT_ID"],
    ["semicolons", (text) => text.includes(","), false],
    ["no-header", (text, whole) => whole.endsWith(`\n${text}`) && !text.startsWith("id"), true],
    ["no-records", (text) => [text.startsWith(HEADER), text.split("\n").length], [true, 2]],
    ["other-object", (text) => text.slice(0, 26), "id,other_prospect_id,other"],
    [
      "renamed-field",
      (text) => text.split("\n")[0]?.split(",").slice(-3),
      ["new_term_parameter", "created_at", "updated_at"],
    ],
    ["no-key", (text) => text.slice(0, 11), "prospect_id"],
    ["no-watermark", (text) => text.split("\n")[0]?.endsWith(",created_at"), true],
    ["cut-last-field", (text, whole) => text === whole.slice(0, -7), true],
    ["cut-record", (text) => /\n\d+,$/.test(text), true],
    ["cut-line", (text, whole) => [text.endsWith("\n"), whole.split("\n").length - text.split("\n").length], [true, 1]],
    ["mixed-ends", (text, whole) => text === whole.replace(/\n$/, "\r\n"), true],
    ["blank-last-line", (text, whole) => text === `${whole}\n`, true],
    ["broken-utf8", (text) => text.includes("caf\uFFFD"), true],
  ];

  test.each(wrong)("has the fault %s once, with status 200 and a matching length", async (file, look, expected) => {
    await using client = await connect(ONE_FILE);
    const { file: path } = await exported(client);
    const whole = await client.call(path);
    client.simulator.faults([{ path: "downloadResults", file }]);
    const given = await client.call(path);
    expect(given.status).toBe(200);
    expect(look(given.text, whole.text)).toEqual(expected);
    expect((await client.call(path)).text).toBe(whole.text);
  });

  test("accepts all known faults and refuses others", async () => {
    await using client = await connect();
    expect(() => client.simulator.faults([{ path: "x", file: "sideways" }])).toThrow(
      `file must be one of ${wrong.map(([file]) => file).join(", ")}`,
    );
    expect(() => client.simulator.faults([{ path: "x", anotherExport: "colour" }])).toThrow("identity, files");
  });

  test("shows given values in its first record, like a page", async () => {
    await using client = await connect(ONE_FILE);
    const { file } = await exported(client);
    client.simulator.faults([
      { path: "downloadResults", cells: { updated_at: "0000-00-00 00:00:00", hostname: 'a,"b' } },
      { path: "/tag/", cells: { updated_at: "2017-02-31 00:00:00" } },
    ]);
    const [, first = "", second = ""] = (await client.call(file)).text.split("\n");
    expect(first).toContain('"a,""b"');
    expect(first.endsWith("0000-00-00 00:00:00")).toBe(true);
    expect(second).not.toContain("0000");
    const tags = records(await client.json(TAG), "tag");
    expect(tags.map((tag) => tag["updated_at"] === "2017-02-31 00:00:00").slice(0, 2)).toEqual([true, false]);
  });

  test("is in PHP's dialect, or ends with a blank line, by knob", async () => {
    const every = { backslashTextEvery: 1, filesPerExport: 1 };
    await using plain = await connect({ ...ONE_FILE, knobs: every });
    await using php = await connect({ ...ONE_FILE, knobs: { ...every, csvQuotes: "php", csvBlankLastLine: true } });
    const [{ file: plainFile }, { file: phpFile }] = [await exported(plain), await exported(php)];
    expect((await plain.call(plainFile)).text).toContain('say \\""hi\\"""');
    const { text } = await php.call(phpFile);
    expect(text).toContain('say \\"hi\\""');
    expect(text).not.toContain('\\""hi');
    expect(text.endsWith("\n\n")).toBe(true);
  });
});

describe("a page", () => {
  test("is short, has a wrong total, or is empty with a total", async () => {
    await using client = await connect({ rows: { Tag: 300 } });
    client.simulator.faults([
      { path: "/tag/", shortPage: 150 },
      { path: "/tag/", emptyPage: true, total: 5000 },
    ]);
    expect(records(await client.json(TAG), "tag")).toHaveLength(150);
    expect((await client.json(TAG)).result).toEqual({ total_results: 5000 });
    expect(records(await client.json(TAG), "tag")).toHaveLength(200);
  });

  test("times out only above a limit, by script and by knob", async () => {
    await using client = await connect({ rows: { Tag: 300 } });
    client.simulator.faults([{ path: "/tag/", limitAbove: 100, count: 2, code: 214 }]);
    const codes = [];
    for (const query of ["", "?limit=100", "?limit=101", "?limit=200"]) codes.push(await client.code(TAG + query));
    expect(codes).toEqual([214, null, 214, null]);
    await using slow = await connect({ rows: { Tag: 300 }, knobs: { slowPageRows: 50, slowPageAnswer: "504" } });
    const statuses = [];
    for (const query of ["", "?limit=51", "?limit=50"]) statuses.push((await slow.call(TAG + query)).status);
    expect(statuses).toEqual([504, 504, 200]);
    await using timed = await connect({ knobs: { slowPageRows: 50 } });
    expect([await timed.code(TAG), await timed.code(`${TAG}?limit=50`)]).toEqual([214, null]);
    expect(await timed.code("/api/export/version/4/do/query")).toBeNull();
  });

  test("is capped by the server, or loses hidden rows after it is cut", async () => {
    await using capped = await connect({ rows: { Tag: 300 }, knobs: { pageCap: 80 } });
    const page = records(await capped.json(`${TAG}?sort_by=id&sort_order=ascending`), "tag");
    expect(page).toHaveLength(80);
    const next = records(
      await capped.json(`${TAG}?sort_by=id&sort_order=ascending&id_greater_than=${String(page.at(-1)?.["id"])}`),
      "tag",
    );
    expect(next).toHaveLength(80);
    await using hiding = await connect({ rows: { Tag: 300, Visitor: 60 }, knobs: { hiddenEvery: 50, gzip: false } });
    const answer = await hiding.json(`${TAG}?sort_by=id&sort_order=ascending`);
    expect(records(answer, "tag")).toHaveLength(196);
    expect(answer.result?.["total_results"]).toBe(300);
    expect([...hiding.simulator.rows("Tag")]).toHaveLength(294);
    const rows = [...hiding.simulator.rows("Visitor")];
    expect(rows).toHaveLength(59);
    const { file } = await exported(hiding);
    const [, ...lines] = parse((await hiding.call(file)).text);
    expect(lines.length).toBeGreaterThan(10);
    const ids = new Set(rows.map((row) => shown(row["id"])));
    expect(lines.filter(([id = ""]) => !ids.has(id))).toEqual([]);
  });

  test("shows odd dates and texts by knob, and so does /__sim/rows", async () => {
    const knobs = { zeroDateEvery: 10, impossibleDateEvery: 15, futureDateEvery: 7, controlTextEvery: 3 };
    await using client = await connect({ rows: { Tag: 30 }, knobs });
    const truth = [...client.simulator.rows("Tag")];
    const created = truth.map((row) => row["created_at"]);
    expect([created[0], created[10], created[15], created[7]]).toEqual([
      "0000-00-00 00:00:00",
      "0000-00-00 00:00:00",
      "2017-02-31 00:00:00",
      "2099-01-01 00:00:00",
    ]);
    const { text } = await client.call(`${TAG}?sort_by=id&sort_order=ascending`);
    expect(() => parseXml(text)).toThrow(/disallowed character/);
    const tags = elements(parseXml(text.replaceAll("\u000b", "?")), "tag");
    const values = (name: string): string[] => tags.map((tag) => elements(tag, name)[0]?.text ?? "");
    expect(values("created_at")).toEqual(created);
    expect(values("name")).toEqual(truth.map((row) => shown(row["name"]).replaceAll("\u000b", "?")));
    expect(values("name").filter((name) => name.includes("?"))).toHaveLength(10);
    const oldest = await client.json(`${TAG}?sort_by=created_at&sort_order=ascending&limit=1`);
    expect(records(oldest, "tag")).toMatchObject([{ created_at: "0000-00-00 00:00:00" }]);
  });
});

/** Contents of a read: the export's id, its state, and the export of its file. */
async function read(client: SimulatorClient, id: number): Promise<(number | string)[]> {
  const { export: status } = await client.json(`/api/export/version/4/do/read/id/${id}`);
  const file = /downloadResults\/id\/(\d+)/.exec(JSON.stringify(status?.["resultRefs"] ?? ""))?.[1];
  return [Number(status?.["id"]), String(status?.["state"]), Number(file)];
}

describe("an export", () => {
  test("is in an undocumented state, once or permanently", async () => {
    await using client = await connect(ONE_FILE);
    client.simulator.faults([{ path: "do/create", exportState: "Canceled" }]);
    const id = await client.createExport(BODY);
    expect(await read(client, id)).toEqual([id, "Canceled", Number.NaN]);
    const { id: next } = await exported(client);
    expect(await read(client, id)).toEqual([id, "Canceled", Number.NaN]);
    client.simulator.faults([{ path: "do/read", exportState: "Paused" }]);
    expect(await read(client, next)).toEqual([next, "Paused", Number.NaN]);
    expect(await read(client, next)).toEqual([next, "Complete", next]);
  });

  test("returns another export, or the files of another one", async () => {
    await using client = await connect(ONE_FILE);
    const { id: first } = await exported(client);
    client.simulator.faults([{ path: "do/read", anotherExport: "identity" }]);
    expect(await read(client, first)).toEqual([first + 1, "Complete", first + 1]);
    client.simulator.faults([{ path: "do/create", anotherExport: "identity" }]);
    expect(await client.createExport(BODY)).toBe(first);
    const second = client.simulator.stats().exports[1]?.id ?? 0;
    client.simulator.faults([
      { path: "do/read", anotherExport: "identity" },
      { path: "do/read", anotherExport: "files" },
    ]);
    expect(await read(client, first)).toEqual([second, "Complete", second]);
    expect(await read(client, second)).toEqual([second, "Complete", first]);
    expect(await read(client, second)).toEqual([second, "Complete", second]);
  });

  test("of another user is refused with code 46", async () => {
    await using client = await connect(ONE_FILE);
    const { id } = await exported(client);
    client.simulator.faults([{ path: "do/read", code: 46 }]);
    expect(await client.code(`/api/export/version/4/do/read/id/${id}`)).toBe(46);
  });
});
