import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { OBJECTS } from "../objects/objects.ts";
import { resolveOptions } from "../options.ts";
import type { SimulatorOptions } from "../options.ts";
import { advanceSimulation, createSimulation, truthRows } from "../simulation.ts";
import type { Simulation } from "../simulation.ts";

const ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe"];

const build = (options: SimulatorOptions = {}): Simulation => createSimulation(resolveOptions(options));

const truth = (state: Simulation, object: string): Record<string, unknown>[] => [...truthRows(state, object, "live")];

const digest = (state: Simulation): string => {
  const hash = createHash("sha256");
  for (const { name } of OBJECTS) for (const row of truthRows(state, name, "all")) hash.update(JSON.stringify(row));
  return hash.digest("hex");
};

describe("the simulated account", () => {
  test("is the same to the byte for the same seed, also after simulated days, and differs for another seed", () => {
    const [first, second, other] = [
      build({ scale: "tiny" }),
      build({ scale: "tiny" }),
      build({ scale: "tiny", seed: 2 }),
    ];
    expect(digest(second)).toBe(digest(first));
    expect(digest(other)).not.toBe(digest(first));
    const before = digest(first);
    for (const state of [first, second]) advanceSimulation(state, 3);
    expect(digest(second)).toBe(digest(first));
    expect(digest(first)).not.toBe(before);
  });

  test("changes the same by three days at once as by three single days", () => {
    const [once, thrice] = [build({ scale: "tiny" }), build({ scale: "tiny" })];
    advanceSimulation(once, 3);
    for (let day = 0; day < 3; day += 1) advanceSimulation(thrice, 1);
    expect(digest(thrice)).toBe(digest(once));
  });

  test.each(OBJECTS.filter(({ name }) => name !== "Account" && name !== "CustomField").map(({ name }) => name))(
    "has unique, ascending ids of %s and finds each row by its id",
    (object) => {
      const table = build().account.table(object);
      let last = 0;
      for (let index = 0; index < table.count; index += 1) {
        const id = table.ids.idOf(index);
        if (id <= last || table.ids.indexOf(id) !== index) expect.fail(`${object} ${index}: id ${id} after ${last}`);
        last = id;
      }
      expect(table.isLive(table.ids.indexOf(last + 1_000_000))).toBe(false);
    },
  );

  test.each(ZONES)(
    "has 700 rows in one second, and rows at the borders of days, months, years and windows (%s)",
    (zone) => {
      const state = build({ timezone: zone });
      const created = truth(state, "VisitorActivity").map((row) => String(row["created_at"]));
      const counts = new Map<string, number>();
      for (const second of created) counts.set(second, (counts.get(second) ?? 0) + 1);
      expect(Math.max(...counts.values())).toBeGreaterThanOrEqual(700);
      for (const border of [
        "2024-12-31 23:59:59",
        "2025-01-01 00:00:00",
        "2025-01-01 00:00:01",
        "2025-02-28 23:59:59",
      ]) {
        expect(counts.has(border), border).toBe(true);
      }
      const table = state.account.table("VisitorActivity");
      const seconds = new Set(table.created);
      const first = Math.min(...seconds);
      for (const border of [
        first + 364 * 86_400,
        first + 364 * 86_400 - 1,
        first + 363 * 86_400,
        first + 727 * 86_400,
      ]) {
        expect(seconds.has(border), new Date(border * 1000).toISOString()).toBe(true);
      }
    },
  );

  test("has rows in both passes of the autumn hour, so that one local second means two instants", () => {
    const state = build({ timezone: "America/New_York" });
    const table = state.account.table("VisitorActivity");
    const seconds = new Set(table.created);
    for (const pass of ["2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z"]) {
      expect(seconds.has(Date.parse(pass) / 1000), pass).toBe(true);
    }
    const texts = truth(state, "VisitorActivity").filter((row) => row["created_at"] === "2025-11-02 01:30:00");
    expect(texts.length).toBeGreaterThanOrEqual(2);
    const gap = truth(state, "VisitorActivity").filter((row) => String(row["created_at"]).startsWith("2025-03-09 02"));
    expect(gap).toEqual([]);
  });

  test("has no row before its history or after its now, and no update before the creation", () => {
    const { account } = build();
    for (const { name } of OBJECTS) {
      const table = account.table(name);
      for (let index = 0; index < table.count; index += 1) {
        const [created = 0, updated = 0] = [table.created[index], table.updated[index]];
        const fine = created > Date.UTC(2023, 8, 1) / 1000 && created < Date.UTC(2026, 2, 20, 9, 30) / 1000;
        if (!fine || (updated !== 0 && updated < created)) expect.fail(`${name} ${index}: ${created} ${updated}`);
      }
    }
  });

  test("contains commas, quotes, newlines, emoji, leading zeros, empty and null texts, very long values", () => {
    const details = truth(build(), "VisitorActivity").map((row) => row["details"]);
    const has = (fits: (text: string) => boolean): boolean =>
      details.some((text) => typeof text === "string" && fits(text));
    expect(details).toContain(null);
    expect(details).toContain("");
    expect(details).toContain("007");
    expect(details).toContain("1e3");
    for (const piece of [",", '"', "\n", "\r\n", "\u{1F600}", "&amp;"])
      expect(has((text) => text.includes(piece))).toBe(true);
    expect(has((text) => text.startsWith(" "))).toBe(true);
    expect(has((text) => text.endsWith(" "))).toBe(true);
    expect(has((text) => text.length > 1_000)).toBe(true);
  });

  test("gets new, changed and deleted rows from a simulated day, with times in that day", () => {
    const state = build();
    const before = new Map(truth(state, "VisitorActivity").map((row) => [row["id"], row]));
    advanceSimulation(state, 1);
    const after = new Map(truth(state, "VisitorActivity").map((row) => [row["id"], row]));
    const added = [...after.keys()].filter((id) => !before.has(id));
    const gone = [...before.keys()].filter((id) => !after.has(id));
    const changed = [...after.values()].filter((row) => {
      const old = before.get(row["id"]);
      return old !== undefined && JSON.stringify(old) !== JSON.stringify(row);
    });
    expect(added.length).toBeGreaterThan(10);
    expect(gone.length).toBeGreaterThan(0);
    expect(changed.length).toBeGreaterThan(20);
    const times = [...added.map((id) => after.get(id)), ...changed].map((row) => String(row?.["updated_at"]));
    for (const time of times) {
      expect(time >= "2026-03-20 09:30:00" && time < "2026-03-21 09:30:00", time).toBe(true);
    }
    expect(changed.some((row) => row["details"] !== before.get(row["id"])?.["details"])).toBe(true);
    const together = new Map<string, number>();
    for (const time of times) together.set(time, (together.get(time) ?? 0) + 1);
    expect(Math.max(...together.values())).toBeGreaterThan(5);
  });

  test.each([0, 2])(
    "shows each change of a row in its updated_at, with %i new custom fields a day",
    (customFieldsPerDay) => {
      const state = build({ knobs: { customFieldsPerDay } });
      for (let day = 0; day < 3; day += 1) {
        const before = new Map(
          OBJECTS.map(({ name }) => [name, new Map(truth(state, name).map((row) => [row["id"], row]))]),
        );
        const since = state.account.zone.text(Date.UTC(2026, 2, 20 + day, 9, 30) / 1000);
        advanceSimulation(state, 1);
        for (const { name, columns, hasUpdated } of OBJECTS) {
          if (columns.find((column) => column.name === "updated_at")?.apiOnly === true) continue;
          const rows = truth(state, name);
          let changed = 0;
          for (const row of rows) {
            const old = before.get(name)?.get(row["id"]);
            const isSame = Object.keys(row).every(
              (column) => (row[column] ?? null) === (old?.[column] ?? null) || typeof row[column] === "object",
            );
            if (isSame) continue;
            changed += 1;
            const time = String(row[hasUpdated ? "updated_at" : "created_at"]);
            if (!(time >= since)) expect.fail(`${name} ${String(row["id"])}: ${time} before ${since}`);
          }
          if (name !== "CustomField") expect(changed, name).toBeGreaterThan(0);
        }
      }
    },
  );

  test("never deletes an activity of a list email, so that its smallest email id stays", () => {
    const state = build({ scale: "tiny" });
    const ids = (): unknown[] => truth(state, "VisitorActivity").map((row) => row["id"]);
    const listed = truth(state, "VisitorActivity").filter((row) => row["list_email_id"] !== null);
    const before = ids();
    advanceSimulation(state, 40);
    const after = new Set(ids());
    expect(listed.filter((row) => !after.has(row["id"]))).toEqual([]);
    expect(before.filter((id) => !after.has(id)).length).toBeGreaterThan(5);
  });

  test("has the requested rows, scale and ties", () => {
    const state = build({ scale: "tiny", rows: { Tag: 321 }, ties: 100 });
    expect(state.account.table("Tag").count).toBe(321);
    expect(state.account.table("VisitorActivity").count).toBe(1_000);
    const counts = new Map<number, number>();
    for (const second of state.account.table("Tag").created) counts.set(second, (counts.get(second) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBe(100);
    expect(build({ rows: { Tag: 0, VisitorActivity: 0 } }).account.table("Tag").count).toBe(0);
  });
});
