import { describe, expect, it } from "vitest";
import { smallerId, withPairs, withReadings } from "./email-index.ts";

describe("index of list e-mails", () => {
  it("keeps the smallest e-mail id of each list e-mail, as numbers", () => {
    const index = withPairs(
      {},
      [
        { listEmailId: "7", emailId: "1000" },
        { listEmailId: "7", emailId: "999" },
      ],
      true,
    );
    expect(withPairs(index, [{ listEmailId: "7", emailId: "5000" }], true)["7"]?.emailId).toBe("999");
    expect(smallerId("90071992547409931", "90071992547409930")).toBe("90071992547409930");
  });

  it("remembers activity until it is told, and what the warehouse knows is none", () => {
    const old = withPairs({}, [{ listEmailId: "7", emailId: "1" }], false);
    expect(old["7"]?.active).toBe(false);
    const active = withPairs(old, [{ listEmailId: "7", emailId: "2" }], true);
    expect(active["7"]?.active).toBe(true);
    const reading = { object: "EmailStats", outcome: "landed", at: "t", listEmailIds: ["7", "unknown"] } as const;
    const told = withReadings(active, { ...reading, clearsActivity: true });
    expect(told).toEqual({
      "7": { emailId: "1", active: false, read: { EmailStats: { outcome: "landed", at: "t" } } },
    });
    expect(withReadings(active, { ...reading, clearsActivity: false })["7"]?.active).toBe(true);
  });
});
