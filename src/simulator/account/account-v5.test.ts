import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { V5_OBJECTS } from "../objects/v5/objects-v5.ts";
import { resolveOptions } from "../options.ts";
import type { SimulatorOptions } from "../options.ts";
import { advanceSimulation, createSimulation, truthRows } from "../simulation.ts";
import type { Simulation, TruthRow } from "../simulation.ts";
import { countListEmails, countSends } from "./email-sends.ts";

const build = (options: SimulatorOptions = {}): Simulation =>
  createSimulation(resolveOptions({ scale: "tiny", ...options }));

const truth = (state: Simulation, name: string, deleted: "live" | "all" = "live"): TruthRow[] => [
  ...truthRows(state, name, deleted, { api: 5 }),
];

const digest = (state: Simulation): string => {
  const hash = createHash("sha256");
  for (const { name } of V5_OBJECTS) for (const row of truth(state, name, "all")) hash.update(JSON.stringify(row));
  return hash.digest("hex");
};

test("the records of v5 are the same to the byte for the same seed and days, however the days pass", () => {
  const [once, thrice, other] = [build(), build(), build({ seed: 2 })];
  expect(digest(thrice)).toBe(digest(once));
  expect(digest(other)).not.toBe(digest(once));
  const before = digest(once);
  advanceSimulation(once, 3);
  for (let day = 0; day < 3; day += 1) advanceSimulation(thrice, 1);
  expect(digest(thrice)).toBe(digest(once));
  expect(digest(once)).not.toBe(before);
});

test("each change of a v5 record shows in its updatedAt, in that day, and a deletion does where there is a recycle bin", () => {
  const state = build({ knobs: { v5NoRecycleBin: "" } });
  const objects = V5_OBJECTS.filter(({ name, fields }) => name !== "Account" && fields.has("updatedAt"));
  for (let day = 0; day < 3; day += 1) {
    const before = new Map(
      objects.map(({ name }) => [name, new Map(truth(state, name, "all").map((row) => [row["id"], row]))]),
    );
    const since = `2026-03-${20 + day} 09:30:00`;
    advanceSimulation(state, 1);
    for (const { name } of objects) {
      for (const row of truth(state, name, "all")) {
        const old = before.get(name)?.get(row["id"]);
        if (old === undefined || JSON.stringify(old) === JSON.stringify(row)) continue;
        expect(JSON.stringify(row["updatedAt"]) >= JSON.stringify(since), `${name} ${JSON.stringify(row)}`).toBe(true);
      }
    }
  }
});

test("every object of v5 gets new records, and most lose some, within forty days", () => {
  const state = build({ knobs: { v5NoRecycleBin: "", customFieldsPerDay: 1 } });
  const before = new Map(V5_OBJECTS.map(({ name }) => [name, new Set(truth(state, name).map((row) => row["id"]))]));
  advanceSimulation(state, 40);
  for (const { name } of V5_OBJECTS.filter((object) => object.name !== "Account")) {
    const after = new Set(truth(state, name).map((row) => row["id"]));
    const known = before.get(name) ?? new Set();
    expect(
      [...after].some((id) => !known.has(id)),
      name,
    ).toBe(true);
    const stays = ["Email", "ListEmail", "LifecycleStage", "CustomField"].includes(name);
    if (!stays)
      expect(
        [...known].some((id) => !after.has(id)),
        name,
      ).toBe(true);
  }
});

test("emails and list emails of v5 are those of the visitor activities, and come with them", () => {
  const state = build({ rows: { VisitorActivity: 2_000 } });
  for (let day = 0; day < 3; day += 1) {
    const { world } = state.account;
    const activities = [...truthRows(state, "VisitorActivity", "live")];
    const emails = new Map(truth(state, "Email").map((row) => [row["id"], row]));
    expect(emails.size).toBe(countSends(world.rows("VisitorActivity")));
    expect(world.rows("ListEmail")).toBe(countListEmails(world));
    const listEmails = new Map(truth(state, "ListEmail", "all").map((row) => [row["id"], row]));
    for (const { email_id: email, list_email_id: listEmail } of activities) {
      if (email !== null && emails.has(email)) expect(emails.get(email)?.["listEmailId"]).toBe(listEmail);
      if (listEmail !== null) expect(listEmails.get(listEmail)?.["isSent"]).toBe(true);
    }
    advanceSimulation(state, 5);
  }
});
