import { describe, expect, it } from "vitest";
import { email } from "../../test/kit/fakes/objects.ts";
import { indexedEmail } from "../state/email-index.ts";
import { AuthError, DataError, RemoteError, TransportError } from "../errors.ts";
import { setUp, useEmailFolder } from "../../test/kit/fakes/email-reading.ts";

useEmailFolder();

describe("an email that cannot be read", () => {
  const remote = (pardotCode: number): Error => new RemoteError("refused", { code: "pardot.refused", pardotCode });
  const auth = (pardotCode: number): Error =>
    new AuthError("refused", { code: "pardot.key-refused", context: { pardotCode } });
  const broken = (code: string, status: number | null = 200): Error =>
    new TransportError("broken", { code, retryable: true, context: { status } });
  const late = new RemoteError("late", { code: "pardot.timed-out", pardotCode: 214, retryable: true });

  const alone: Readonly<Record<string, Error>> = {
    "code 5": remote(5),
    "code 109": remote(109),
    "code 198": remote(198),
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

  it.each(Object.entries(alone))("is skipped even if it is the only one of the day: %s", async (_, error) => {
    const t = await setUp([["1", "100"]]);
    await t.run(email, 0);
    await t.see([["2", "200"]]);
    t.refused.set("200", error);
    await t.run(email, 1);
    expect(indexedEmail(t.journal.state.emails, "2")?.read.get("Email")?.outcome).toBe("unreadable");
  });

  it("is skipped if a value does not fit the type of its column", async () => {
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

  it("is skipped, in any number, if each refusal concerns one email", async () => {
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

  it("twice in a row, repeatedly, is not Pardot's fault", async () => {
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

  it("fails the object if access to all emails is refused, and none is skipped", async () => {
    for (const pairs of [ten, ten.slice(0, 1)]) {
      const t = await setUp(pairs);
      for (const [, id] of pairs) t.refused.set(id, auth(49));
      await expect(t.run(email, 0)).rejects.toThrow(AuthError);
      expect(t.asked.length).toBeLessThanOrEqual(4);
      expect(t.events.filter(({ type }) => type === "warning")).toEqual([]);
    }
  });

  it.each([2, 22, 60, 198])("fails the object if this business unit has no such operation: code %i", async (code) => {
    for (const pairs of [ten, ten.slice(0, 1)]) {
      const t = await setUp(pairs);
      for (const [, id] of pairs) t.refused.set(id, remote(code));
      await expect(t.run(email, 0)).rejects.toThrow(RemoteError);
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
