import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeClock } from "../../test/fakes/clock.ts";
import { emailStats } from "../catalog/objects/email-stats.ts";
import { email } from "../catalog/objects/email.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import { Journal, loadState } from "../commit/journal.ts";
import { objectState } from "../commit/state.ts";
import type { PlannedWindow } from "../commit/state.ts";
import type { Config } from "../config/config.ts";
import { LeaseError, LimitError, RemoteError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { Pardot, ReadRequest, WireRecord } from "../pardot/pardot.ts";
import { systemRandom } from "../platform/random.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import { emailCandidates, extractEmails } from "./emails.ts";
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
  const odd = new Map<string, WireRecord>();
  const readById = async (request: ReadRequest): Promise<WireRecord> => {
    asked.push(request);
    const error = refused.get(request.id);
    if (error !== undefined) throw error;
    return request.operation === "stats"
      ? { sent: "10" }
      : { id: request.id, name: `e-mail ${request.id}`, isOneToOne: "false", ...odd.get(request.id) };
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
  return { journal, asked, refused, odd, events, run, landed, see };
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

  it("sets a record aside that cannot be encoded, and does not read it again", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    t.odd.set("200", { isOneToOne: "perhaps" });
    await t.run(email, 0);
    expect(t.landed().join("")).not.toContain("e-mail 200");
    const [open] = objectState(t.journal.state, email.name).windows;
    expect(open).toMatchObject({ done: true, rejects: [{ id: "200", column: "is_one_to_one" }] });
    await t.run(email, 1);
    expect(t.asked).toHaveLength(2);
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
    expect(t.journal.state.emails["1"]?.read).toEqual({});
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

describe("candidates", () => {
  it("come in the order of their ids", () => {
    const access = email.v4.email;
    if (access === undefined) throw new Error("no access");
    const entry = { emailId: "1", active: false, read: {} };
    const index = { "10": entry, "9": entry, "100": entry };
    expect(emailCandidates("Email", access, index, new Set(), 0).map(({ listEmailId }) => listEmailId)).toEqual([
      "9",
      "10",
      "100",
    ]);
  });
});
