import { afterEach, describe, expect, it } from "vitest";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { RunResult } from "../../src/operations/api.ts";
import type { Knobs } from "../../src/simulator/knobs.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { v5Rows } from "../kit/v5-truth.ts";

// Holds G1 and G9 for emails through API v5, where a business unit lacks some of their fields.

const opened = scenesUntil(afterEach);

async function start(objects: string, knobs: Partial<Knobs>): Promise<Scene> {
  return opened(
    { rows: { VisitorActivity: 400 }, knobs: { v5ReadLagSeconds: 0, ...knobs } },
    { PARDOT_ETL_V5_LAG: "1m", PARDOT_API_VERSION: "5", PARDOT_ETL_OBJECTS: objects },
  );
}

function emailIn({ manifest }: RunResult): ManifestObject {
  const object = manifest.objects.find((one) => one.object === "Email");
  if (object === undefined) throw new Error("the manifest has no Email");
  return object;
}

/** Statuses of the reads of emails since a number of requests. */
function statuses(at: Scene, since = 0): (number | null)[] {
  const requests = at.simulator.stats().requests.slice(since);
  return requests.filter(({ path }) => path.includes("/objects/emails/")).map(({ status }) => status);
}

function codes({ manifest }: RunResult): [string | null, string][] {
  return manifest.warnings.map(({ object, code }) => [object, code]);
}

describe("fields of emails that this business unit lacks", () => {
  it("G1 G9 cost one refusal each, are reported once, remembered, and null", async () => {
    const at = await start("VisitorActivity,Email", { v5MissingFields: "Email.htmlMessage,Email.subject" });
    const first = await at.run();
    expect(first.error).toBeNull();
    expect(codes(first)).toEqual([
      ["Email", "fields.refused"],
      ["Email", "fields.refused"],
    ]);
    expect(emailIn(first).refused_fields.toSorted()).toEqual(["htmlMessage", "subject"]);
    expect(statuses(at).filter((status) => status !== 200)).toEqual([400, 400]);
    const emails = await landedRecords(at.data, "Email");
    expect(emails.length).toBeGreaterThan(10);
    const rows = v5Rows(at.simulator, "Email", "all");
    for (const email of emails) {
      const row = rows.get(email["email_id"] ?? "");
      expect(email).toMatchObject({ message_html: null, subject: null, name: row?.["name"] });
    }

    at.simulator.advance(2);
    const before = at.simulator.stats().requests.length;
    const second = await at.run();
    expect(second.error).toBeNull();
    expect(codes(second)).toEqual([]);
    expect(emailIn(second).refused_fields.toSorted()).toEqual(["htmlMessage", "subject"]);
    expect(new Set(statuses(at, before))).toEqual(new Set([200]));
  });

  it("G9 are requested again by --full", async () => {
    const at = await start("VisitorActivity,Email", { v5MissingFields: "Email.htmlMessage" });
    await at.run();
    const before = at.simulator.stats().requests.length;
    const full = await at.run({ options: { full: true } });
    expect(codes(full)).toEqual([["Email", "fields.refused"]]);
    expect(statuses(at, before).filter((status) => status !== 200)).toEqual([400]);
  });

  it("fail the object when it is the key, and skip no email", async () => {
    const at = await start("VisitorActivity,Email", { v5MissingFields: "Email.id" });
    const result = await at.run();
    expect(result.exitCode).toBe(5);
    expect(emailIn(result)).toMatchObject({ status: "failed", files: [] });
    expect(emailIn(result).error?.message).toContain("unknown field: id");
    expect(codes(result)).toEqual([]);
  });
});
