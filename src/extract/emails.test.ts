import { describe, expect, it } from "vitest";
import { emailStats } from "../../test/kit/fakes/objects.ts";
import { email } from "../../test/kit/fakes/objects.ts";
import { indexedEmail } from "../state/email-index.ts";
import { LeaseError, LimitError, RemoteError } from "../errors.ts";
import { operationOf, setUp, useEmailFolder } from "../../test/kit/fakes/email-reading.ts";

useEmailFolder();

describe("emails by list email", () => {
  it("make one call for each list email, by its smallest email id, and keep the pair", async () => {
    const t = await setUp([
      ["9", "300"],
      ["9", "200"],
      ["10", "250"],
    ]);
    await t.run(email, 0);
    expect(t.asked.map(({ id }) => id)).toEqual(["200", "250"]);
    expect(t.landed().join("")).toContain("200,9,e-mail 200,,false,,,\n250,10,e-mail 250,,false,,,\n");
  });

  it("request none again on the next run, and none that the warehouse has", async () => {
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

  it("skip one that cannot be read, report it, and try it again after a week", async () => {
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

  it("do not mistake an exhausted quota for an email that cannot be read", async () => {
    const t = await setUp([["1", "100"]]);
    t.refused.set("100", new LimitError("no call left", { code: "pardot.daily-limit" }));
    await expect(t.run(email, 0)).rejects.toThrow(LimitError);
    expect(indexedEmail(t.journal.state.emails, "1")?.read.size).toBe(0);
  });

  it("go on after the last landed file when the reading was cut", async () => {
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

  it("G3 land the emails read so far when a limit or a stop request cuts the rest, so that no call is made twice", async () => {
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

  it("land nothing when another run has taken over", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    t.refused.set("200", new LeaseError("lost", { code: "lease.lost" }));
    await expect(t.run(email, 0)).rejects.toThrow(LeaseError);
    expect(t.landed()).toEqual([]);
  });

  it("read statistics of those with new activity, by the list email's own id", async () => {
    const t = await setUp([
      ["1", "100"],
      ["2", "200"],
    ]);
    await t.run(emailStats, 0);
    await t.see([["2", "201"]]);
    await t.run(emailStats, 1);
    expect(t.asked.map((request) => [operationOf(request), request.id])).toEqual([
      ["stats", "1"],
      ["stats", "2"],
      ["stats", "2"],
    ]);
  });
});

describe("--full", () => {
  it("forgets which emails were read, also those in the warehouse, and the statistics of those without activity", async () => {
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
    expect(t.asked.map((request) => [operationOf(request), request.id])).toEqual([
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
