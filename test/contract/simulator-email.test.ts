import { describe, expect, test } from "vitest";
import { connect, elements, parseXml, shown } from "../kit/simulator-client.ts";
import type { SimulatorClient, XmlNode } from "../kit/simulator-client.ts";
import { asText, field, truth } from "../kit/simulator-rows.ts";

describe("emails", () => {
  const email = async (client: SimulatorClient, id: unknown, more = ""): Promise<XmlNode | undefined> =>
    elements(parseXml((await client.call(`/api/email/version/4/do/read/id/${shown(id)}${more}`)).text), "email")[0];

  test("are read correctly by the smallest email id of each list email", async () => {
    await using client = await connect({ timezone: "Europe/Berlin" });
    const rows = truth(client, "Email");
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      const node = await email(client, row["email_id"]);
      expect({
        email_id: field(node, "id"),
        name: field(node, "name"),
        subject: field(node, "subject"),
        is_one_to_one: field(node, "isOneToOne"),
        message_text: field(node, "message.text"),
        message_html: field(node, "message.html"),
        created_at: field(node, "created_at"),
      }).toEqual(Object.fromEntries(Object.entries(asText(row)).filter(([name]) => name !== "list_email_id")));
    }
    const activities = truth(client, "VisitorActivity").filter((row) => row["list_email_id"] !== null);
    const smallest = new Map<unknown, number>();
    for (const row of activities) {
      smallest.set(
        row["list_email_id"],
        Math.min(Number(row["email_id"]), smallest.get(row["list_email_id"]) ?? Number.POSITIVE_INFINITY),
      );
    }
    expect(new Map(rows.map((row) => [row["list_email_id"], row["email_id"]]))).toEqual(smallest);
  });

  test("to one recipient have no list email, and a list email's id works too", async () => {
    await using client = await connect({ scale: "small" });
    const single = truth(client, "VisitorActivity").find(
      (row) => row["email_id"] !== null && row["list_email_id"] === null,
    );
    expect(field(await email(client, single?.["email_id"]), "isOneToOne")).toBe("true");
    for (const row of truth(client, "Email")) {
      const node = await email(client, row["list_email_id"]);
      expect([field(node, "subject"), field(node, "isOneToOne")]).toEqual([row["subject"], "false"]);
    }
    const [listed] = truth(client, "Email");
    const bare = await email(client, listed?.["email_id"], "?include_message=false");
    expect(bare?.children.map(({ name }) => name)).toEqual(["id", "name", "isOneToOne", "subject", "created_at"]);
    expect(await client.code("/api/email/version/4/do/read/id/1")).toBe(109);
    expect(await client.code("/api/email/version/4/do/query")).toBe(2);
  });

  test("have statistics by list email: numbers and rates, without an id", async () => {
    await using client = await connect();
    const rows = truth(client, "EmailStats");
    expect(rows).toHaveLength(truth(client, "Email").length);
    for (const row of rows) {
      const { list_email_id: id, ...wanted } = row;
      expect((await client.json(`/api/email/version/4/do/stats/id/${shown(id)}`))["stats"]).toEqual(wanted);
      expect(wanted["delivery_rate"]).toMatch(/^\d+\.\d\d%$/);
    }
    expect(await client.code("/api/email/version/4/do/stats/id/5")).toBe(109);
  });

  test("are added by simulated days, and keep their smallest email id", async () => {
    await using client = await connect();
    const pairs = (): Map<unknown, unknown> =>
      new Map(truth(client, "Email").map((row) => [row["list_email_id"], row["email_id"]]));
    const before = pairs();
    client.simulator.advance(5);
    const after = pairs();
    expect(after.size).toBeGreaterThan(before.size);
    for (const [listEmail, id] of before) expect(after.get(listEmail)).toBe(id);
  });

  test("are unreadable in the knob's share", async () => {
    await using client = await connect({ knobs: { unreadableEmailShare: 0.5 } });
    await using whole = await connect();
    const [some, all] = [truth(client, "Email"), truth(whole, "Email")];
    expect(some.length).toBeLessThan(all.length);
    const bad = all.find((row) => !some.some((other) => other["email_id"] === row["email_id"]));
    expect(await client.code(`/api/email/version/4/do/read/id/${shown(bad?.["email_id"])}`)).toBe(109);
  });
});
