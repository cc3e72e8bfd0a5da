import { describe, expect, it } from "vitest";
import type { CatalogObject, CollectionV5, PerEmailV5, SingleV5 } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { selectWays } from "../../catalog/versions.ts";
import { DataError } from "../../errors.ts";
import type { WireRecord } from "../pardot.ts";
import { DialectV5 } from "./v5.ts";

// Holds G1 and G2: what API v5 returns under HTTP 200 is a page of the requested object, or it fails.

const dialect = new DialectV5({ apiUrl: new URL("https://pi.pardot.example") });
const HEAD = { status: 200, headers: {}, retryAfterMs: null };

function wayOf(name: string): CatalogObject["way"] {
  const found = selectWays(entries, "5").find((object) => object.name === name);
  if (found === undefined) throw new Error(`v5 has ${name}`);
  return found.way;
}

function pageOf(fields: string, ...values: readonly WireRecord[]): unknown {
  const way = wayOf("VisitorActivity") as CollectionV5;
  const exchange = dialect.page({ way, fields: fields.split(" "), bounds: null });
  return exchange.read({ values, nextPageToken: null }, HEAD).records;
}

const ACTIVITY = "id visitId type typeName details campaignId updatedAt";

describe("a record of another object", () => {
  it.each<[string, string, WireRecord]>([
    ["has a name that was not requested and lacks one that was", ACTIVITY, { id: 5, name: "x", updatedAt: null }],
    ["has none of the requested names", ACTIVITY, { id: 5 }],
  ])("is refused: it %s", (_, fields, record) => {
    const whole = { id: 4, type: 1, typeName: "Click", details: null, updatedAt: null };
    expect(() => pageOf(fields, whole, record)).toThrow(DataError);
    expect(() => pageOf(fields, whole, record)).toThrow("a record has not the requested fields");
  });

  it.each<[string, string, WireRecord]>([
    ["lacks ids that are not set", ACTIVITY, { id: 5, type: 1, typeName: "Click", details: "", updatedAt: null }],
    ["has a further name", "id type updatedAt", { id: 5, type: 1, updatedAt: null, news: true }],
    ["lacks a name", ACTIVITY, { id: 5, type: 1, updatedAt: null }],
    ["has nested values", "id campaign.name senderOptions.type", { id: 5, campaign: null, senderOptions: [] }],
    ["has only the id of few names", "id updatedAt", { id: 5 }],
  ])("is not one that %s", (_, fields, record) => {
    expect(pageOf(fields, record)).toEqual([record]);
  });

  it("is refused where one is read alone", () => {
    const fields = ["id", "company", "level", "createdAt"];
    const account = dialect.readById({ way: wayOf("Account") as SingleV5, id: "", fields });
    expect(account.read({ id: 1, company: "", level: null, createdAt: null }, HEAD)).toMatchObject({ id: 1 });
    expect(() => account.read({ id: 5, name: "x" }, HEAD)).toThrow(DataError);
    const names = ["listEmailId", "sent", "opens", "deliveryRate", "clickOpenRatio"];
    const stats = dialect.readById({ way: wayOf("ListEmailStats") as PerEmailV5, id: "7", fields: names });
    expect(stats.read({ listEmailId: 7, sent: 1, replies: 2 }, HEAD)).toMatchObject({ sent: 1 });
    expect(() => stats.read({ id: 5, name: "x" }, HEAD)).toThrow(DataError);
  });
});
