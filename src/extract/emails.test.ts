import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeClock } from "../../test/fakes/clock.ts";
import { emailStats } from "../catalog/objects/email-stats.ts";
import { email } from "../catalog/objects/email.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import { indexedEmail } from "../commit/email-index.ts";
import { Journal, loadState } from "../commit/journal.ts";
import { objectState } from "../commit/state.ts";
import type { PlannedWindow } from "../commit/state.ts";
import type { Config } from "../config/config.ts";
import { AuthError, DataError, LeaseError, LimitError, RemoteError, TransportError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { Pardot, ReadRequest, WireRecord } from "../pardot/pardot.ts";
import { systemRandom } from "../platform/random.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import { extractEmails } from "./emails.ts";
import type { Extraction } from "./extraction.ts";

const never = new AbortController().signal;
const day = (n: number): number => Date.parse("2026-03-20T00:00:00Z") + n * 86_400_000;
const whole = (n: number): PlannedWindow => ({ field: null, from: 0, to: day(n), askFrom: 0 });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-emails-"));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function setUp(pairs: readonly (readonly [string, string])[]) {
  const storage = openMemoryStorage();
  const journal = new Journal({
    storage,
    clock: fakeClock(),
    runId: "r",
    loaded: await loadState(storage, never),
    signal: never,
  });
  const see = async (more: readonly (readonly [string, string])[]): Promise<void> =>
    journal.record([
      {
        type: "emails-seen",
        isActivity: true,
        pairs: more.map(([listEmailId, emailId]) => ({ listEmailId, emailId })),
      },
    ]);
  await see(pairs);
  const asked: ReadRequest[] = [];
  const refused = new Map<string, Error>();
  const records = new Map<string, WireRecord>();
  const readById = async (request: ReadRequest): Promise<WireRecord> => {
    asked.push(request);
    const error = refused.get(request.id);
    if (error !== undefined) throw error;
    if (request.operation === "stats") return { sent: "10" };
    return records.get(request.id) ?? { id: request.id, name: `e-mail ${request.id}`, isOneToOne: "false" };
  };
  const events: RunEvent[] = [];
  const extraction = {
    pardot: { readById } as unknown as Pardot,
    journal,
    storage,
    clock: fakeClock(),
    pardotNow: () => 0,
    random: systemRandom,
    onEvent: (event: RunEvent) => events.push(event),
    stop: never,
    signal: never,
    config: { etl: { compression: "none", rowsPerFile: 2, bytesPerFile: 1e6, maxRejects: 10, tmpDir: dir } } as Config,
  } satisfies Extraction;
  const run = async (object: CatalogObject, onDay: number, known: readonly string[] = []): Promise<void> => {
    await journal.record([{ type: "planned", object: object.name, runId: "r", zone: "UTC", windows: [whole(onDay)] }]);
    const window = objectState(journal.state, object.name).windows.find(({ to }) => to === day(onDay));
    if (window === undefined) throw new Error("no window");
    await extractEmails(object, window, new Set(known), extraction);
  };
  const landed = (): string[] =>
    [...storage.files].filter(([key]) => key.startsWith("Email")).map(([, bytes]) => new TextDecoder().decode(bytes));
  return { journal, asked, refused, records, events, run, landed, see };
}

describe("e-mails by list e-mail", () => {
  it("takes one call for each list e-mail, by its smallest e-mail id, and keeps the pair", async () => {
    const t = await setUp([
      ["9", "300"],
      ["9", "200"],
      ["10", "250"],
    ]);
    await t.run(email, 0);
    expect(t.asked.map(({ id }) => id)).toEqual(["200", "250"]);
    expect(t.landed().join("")).toContain("200,9,e-mail 200,,false,,,\n250,10,e-mail 250,,false,,,\n");
  });

  it("asks for none again on the next run, and for none that the warehouse has", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
      ["3", "300"],
    ]);
    await t.run(email, 0, ["2"]);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "300"]);
    await t.run(email, 1);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "300", "200"]);
    await t.run(email, 2);
    expect(t.asked).toHaveLength(3);
  });

  it("skips one that cannot be read, says so, and tries it again after a week", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    t.refused.set(
      "100",
      new RemoteError("read email 100: not found (109)", { code: "pardot.refused", pardotCode: 109 }),
    );
    await t.run(email, 0);
    expect(t.events).toContainEqual(expect.objectContaining({ type: "warning", code: "email.unreadable" }));
    await t.run(email, 6);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "200"]);
    t.refused.clear();
    await t.run(email, 7);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "200", "100"]);
    await t.run(email, 20);
    expect(t.asked).toHaveLength(3);
  });

  it("does not take a used-up quota for an e-mail that cannot be read", async () => {
    const t = await setUp([["1", "100"]]);
    t.refused.set("100", new LimitError("no call left", { code: "pardot.daily-limit" }));
    await expect(t.run(email, 0)).rejects.toThrow(LimitError);
    expect(indexedEmail(t.journal.state.emails, "1")?.read.size).toBe(0);
  });

  it("goes on after the last landed file when it was cut", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
      ["3", "300"],
      ["4", "400"],
      ["5", "500"],
    ]);
    t.refused.set("500", new LimitError("no call left", { code: "pardot.daily-limit" }));
    await expect(t.run(email, 0)).rejects.toThrow(LimitError);
    expect(t.asked).toHaveLength(5);
    t.refused.clear();
    await t.run(email, 0);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "200", "300", "400", "500", "500"]);
  });

  it("G3 lands what it has read when a limit or a request to stop cuts the rest, so that no call is made twice", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
      ["3", "300"],
      ["4", "400"],
      ["5", "500"],
    ]);
    t.refused.set("200", new LimitError("no call left", { code: "pardot.daily-limit" }));
    await expect(t.run(email, 0)).rejects.toThrow(LimitError);
    expect(t.asked.map(({ id }) => id)).toEqual(["100", "200", "300", "400"]);
    expect(
      t
        .landed()
        .join("")
        .match(/^\d+,\d+,e-mail \d+/gm),
    ).toEqual(["100,1,e-mail 100", "300,3,e-mail 300", "400,4,e-mail 400"]);
    t.refused.clear();
    await t.run(email, 0);
    expect(t.asked.map(({ id }) => id).slice(4)).toEqual(["200", "500"]);
  });

  it("lands nothing when another run has taken over", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    t.refused.set("200", new LeaseError("lost", { code: "lease.lost" }));
    await expect(t.run(email, 0)).rejects.toThrow(LeaseError);
    expect(t.landed()).toEqual([]);
  });

  it("reads statistics of those with activity since, by the list e-mail's own id", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    await t.run(emailStats, 0);
    await t.see([["2", "201"]]);
    await t.run(emailStats, 1);
    expect(t.asked.map(({ operation, id }) => [operation, id])).toEqual([
      ["stats", "1"],
      ["stats", "2"],
      ["stats", "2"],
    ]);
  });
});

describe("an e-mail that cannot be read", () => {
  const remote = (pardotCode: number): Error => new RemoteError("refused", { code: "pardot.refused", pardotCode });
  const auth = (pardotCode: number): Error =>
    new AuthError("refused", { code: "pardot.key-refused", context: { pardotCode } });
  const broken = (code: string, status: number | null = 200): Error =>
    new TransportError("broken", { code, retryable: true, context: { status } });
  const late = new RemoteError("late", { code: "pardot.timed-out", pardotCode: 214, retryable: true });

  const alone: Readonly<Record<string, Error>> = {
    "code 5": remote(5),
    "code 109": remote(109),
    "code 1": auth(1),
    "code 49": auth(49),
    "HTTP 403 with a page": new AuthError("forbidden", { code: "pardot.forbidden", context: { pardotCode: null } }),
    "a body that no reader takes": broken("pardot.body-unreadable"),
    "a body too large to hold": broken("http.body-too-large"),
    "a page of HTML": new RemoteError("page", { code: "pardot.html-page" }),
    "an empty body": broken("pardot.body-empty"),
    "another shape": new DataError("shape", { code: "pardot.unexpected-shape" }),
    "code 214": late,
    "HTTP 500": broken("pardot.no-envelope", 500),
    "no byte in time": broken("http.timeout", null),
    "a cut body": broken("http.cut", null),
  };
  const ten = Array.from({ length: 10 }, (_, i): [string, string] => [String(i + 1), String((i + 1) * 100)]);

  it.each(Object.entries(alone))(
    "is skipped, everything else lands, and it is tried again after a week: %s",
    async (_, error) => {
      for (const bad of ["100", "300", "1000"]) {
        const t = await setUp(ten);
        t.refused.set(bad, error);
        await t.run(email, 0);
        expect(
          t
            .landed()
            .join("")
            .match(/^\d+,\d+,e-mail/gm),
        ).toHaveLength(9);
        expect(t.events.filter(({ type }) => type === "warning")).toMatchObject([
          { code: "email.unreadable", object: "Email", message: expect.stringContaining(error.message) as string },
        ]);
        await t.run(email, 6);
        expect(t.asked).toHaveLength(10);
        t.refused.clear();
        await t.run(email, 7);
        expect(t.asked.slice(10).map(({ id }) => id)).toEqual([bad]);
      }
    },
  );

  it.each(Object.entries(alone))("is skipped too when it is the only one of the day: %s", async (_, error) => {
    const t = await setUp([["1", "100"]]);
    await t.run(email, 0);
    await t.see([["2", "200"]]);
    t.refused.set("200", error);
    await t.run(email, 1);
    expect(indexedEmail(t.journal.state.emails, "2")?.read.get("Email")?.outcome).toBe("unreadable");
  });

  it("is skipped when a value of it is not what its column says", async () => {
    const t = await setUp(ten);
    t.records.set("300", { id: "300", name: "x", created_at: "2017-02-31 00:00:00" });
    await t.run(email, 0);
    expect(
      t
        .landed()
        .join("")
        .match(/^\d+,\d+,e-mail/gm),
    ).toHaveLength(9);
    expect(t.events).toContainEqual(expect.objectContaining({ code: "email.unreadable" }));
  });

  it("any number of them is skipped when the refusal is each one's own", async () => {
    const t = await setUp(ten);
    for (const id of ["100", "200", "300", "400"]) t.refused.set(id, remote(109));
    await t.run(email, 0);
    expect(
      t
        .landed()
        .join("")
        .match(/^\d+,\d+,e-mail/gm),
    ).toHaveLength(6);
  });

  it.each(["code 214", "HTTP 500", "no byte in time"])(
    "three in a row are Pardot's fault: the object fails, keeps what it has read, and none is skipped: %s",
    async (name) => {
      const error = alone[name] as Error;
      const t = await setUp(ten);
      for (const id of ["300", "400", "500"]) t.refused.set(id, error);
      await expect(t.run(email, 0)).rejects.toBe(error);
      expect(
        t
          .landed()
          .join("")
          .match(/^\d+,\d+,e-mail/gm)?.length,
      ).toBeGreaterThanOrEqual(2);
      expect(t.events.filter(({ type }) => type === "warning")).toEqual([]);
      t.refused.clear();
      await t.run(email, 0);
      expect(
        t
          .landed()
          .join("")
          .match(/^\d+,\d+,e-mail/gm),
      ).toHaveLength(10);
    },
  );

  it("two in a row, again and again, are not Pardot's fault", async () => {
    const t = await setUp(ten);
    for (const id of ["100", "200", "400", "500", "700", "800", "1000"]) t.refused.set(id, late);
    await t.run(email, 0);
    expect(
      t
        .landed()
        .join("")
        .match(/^\d+,\d+,e-mail/gm),
    ).toHaveLength(3);
    expect(t.events.filter(({ type }) => type === "warning")).toHaveLength(7);
  });

  it("fails the object when access is refused to all of them, and skips none", async () => {
    for (const pairs of [ten, ten.slice(0, 1)]) {
      const t = await setUp(pairs);
      for (const [, id] of pairs) t.refused.set(id, auth(49));
      await expect(t.run(email, 0)).rejects.toThrow(AuthError);
      expect(t.asked.length).toBeLessThanOrEqual(4);
      expect(t.events.filter(({ type }) => type === "warning")).toEqual([]);
    }
  });

  it.each([
    ["a dead login", new AuthError("dead", { code: "auth.no-refresh-token" })],
    ["a token refused twice", new AuthError("dead", { code: "pardot.token-refused", context: { pardotCode: 184 } })],
    ["no connection", new TransportError("down", { code: "http.not-sent" })],
    ["too many requests at once", new RemoteError("66", { code: "pardot.busy", pardotCode: 66, retryable: true })],
    [
      "too many requests in a minute",
      new RemoteError("202", { code: "pardot.busy", pardotCode: 202, retryable: true }),
    ],
    ["a bug", new TypeError("bug")],
  ])("is not blamed for what hits any request: %s", async (_, error) => {
    const t = await setUp(ten);
    t.refused.set("300", error);
    await expect(t.run(email, 0)).rejects.toBe(error);
    expect(indexedEmail(t.journal.state.emails, "3")?.read.size).toBe(0);
    expect(
      t
        .landed()
        .join("")
        .match(/^\d+,\d+,e-mail/gm),
    ).toHaveLength(3);
  });
});

describe("--full", () => {
  it("forgets what was read, also what the warehouse has, and the statistics of what had no activity", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    await t.run(email, 0, ["2"]);
    await t.run(emailStats, 0);
    await t.journal.record([
      { type: "emails-forgotten", object: "Email", marksActivity: false },
      { type: "emails-forgotten", object: "EmailStats", marksActivity: true },
    ]);
    t.asked.length = 0;
    await t.run(email, 1, ["2"]);
    await t.run(emailStats, 1);
    expect(t.asked.map(({ operation, id }) => [operation, id])).toEqual([
      ["read", "100"],
      ["read", "200"],
      ["stats", "1"],
      ["stats", "2"],
    ]);
    await t.run(email, 2, ["2"]);
    await t.run(emailStats, 2);
    expect(t.asked).toHaveLength(4);
  });
});

describe("candidates", () => {
  it("are read in the order of their ids", async () => {
    const t = await setUp([
      ["10", "1"],
      ["9", "2"],
      ["1009", "4"],
      ["100", "3"],
    ]);
    await t.run(email, 0);
    expect(t.asked.map(({ id }) => id)).toEqual(["2", "1", "3", "4"]);
  });
});
