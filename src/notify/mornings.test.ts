import { describe, expect, it } from "vitest";
import { openMorning } from "../../test/kit/mornings.ts";
import type { MorningName } from "../../test/kit/mornings.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { notificationOf } from "./notification.ts";

// What someone knows in the morning who reads nothing but the mail.

const LINK = { what: "manifest", url: "https://s3.console.aws.amazon.com/s3/object/lake" } as const;
const [RUN, YESTERDAY, TODAY] = ["20260320T060000Z-abc000", "2026-03-19 06:00 UTC", "2026-03-20 06:00 UTC"];
const UNIT = `business unit Acme Tools EMEA (0UvSIM0000000001AB), run ${RUN}, 11 min 00 s`;
const CALLS = "calls today: 60; 3,100 of the account's 25,000, by all integrations together";
const LAST_COMPLETE = "last complete run of all objects: 2026-03-19 06:11 UTC, 24 h ago";
const OPEN = `open the manifest: ${LINK.url}`;
const MANIFEST = `manifest: /data/_pardot_etl/runs/${RUN}/manifest.json`;
const OTHERS = "Campaign, Form, Tag, TagObject, Opportunity, EmailClick, List, Account, Email";

async function outcomeOf(name: MorningName): Promise<RunOutcome> {
  const { outcome } = await openMorning(name);
  if (outcome === null) throw new Error(`no notification on the morning ${name}`);
  return outcome;
}

describe("the notification on the morning after a run", () => {
  it.each<readonly [MorningName, subject: string, lines: readonly string[]]>([
    [
      "well",
      "finished [Acme Tools EMEA], exit 0",
      ["pardot-etl: finished (exit 0)", UNIT, "14,687 rows, 14 files, 60 calls", CALLS, `all data read up to ${TODAY}`],
    ],
    [
      "partial",
      "finished in part: failed at Pardot or on the network [Acme Tools EMEA], exit 5",
      [
        "pardot-etl: finished in part: failed at Pardot or on the network (exit 5)",
        UNIT,
        "7,271 rows, 11 files, 60 calls",
        CALLS,
        `11 objects read up to ${TODAY}`,
        `read only up to ${YESTERDAY}: the other 3 objects`,
        LAST_COMPLETE,
        "VisitorActivity failed: export VisitorActivity: it was not complete after 6 h (PARDOT_EXPORT_TIMEOUT)",
        "Opportunity failed: read Opportunity: Pardot refused 6 attempts with 503 Service Unavailable",
        "1 object waits for the next run: Email: read Email: VisitorActivity, which names what to read, is failed in this run",
        "3 windows left for the next run",
        "What to do: Run again: the next run takes over the export and requests no other.",
      ],
    ],
    [
      "quota",
      "finished in part: quota reached [Acme Tools EMEA], exit 4",
      [
        "pardot-etl: finished in part: quota reached (exit 4)",
        UNIT,
        "14,206 rows, 5 files, 60 calls",
        "calls today: 60; 20,000 of the account's 25,000, by all integrations together",
        `5 objects read up to ${TODAY}`,
        `read only up to ${YESTERDAY}: the other 9 objects`,
        LAST_COMPLETE,
        "reason: call Pardot: 20000 of the account's 25000 calls are used today by all integrations together; this tool stops at 80 % (PARDOT_QUOTA_SHARE)",
        `9 objects wait for the next run: ${OTHERS}`,
        "9 windows left for the next run",
        "What to do: Run again after 2026-03-21 00:00 (UTC), when the account's next day begins, or raise PARDOT_QUOTA_SHARE.",
      ],
    ],
    [
      "drift",
      "finished [Acme Tools EMEA], 3 warnings, exit 0",
      [
        "pardot-etl: finished (exit 0)",
        UNIT,
        "14,687 rows, 14 files, 60 calls",
        CALLS,
        `all data read up to ${TODAY}`,
        "warning: Prospect: new since the last run: Favorite_Color__c, NPS_Score__c; earlier values are not read again",
        "warning: Prospect: gone since the last run: Old_Segment__c; their columns stay, as null",
        "warning: Opportunity: Pardot refuses to return probability: left out, their columns are null",
        "What to do: look closer with `pardot-etl ddl Prospect --live`, `pardot-etl objects Prospect --live`, `pardot-etl objects Opportunity --live`",
      ],
    ],
    [
      "rejects",
      "finished in part: data failed a check or was set aside [Acme Tools EMEA], exit 6",
      [
        "pardot-etl: finished in part: data failed a check or was set aside (exit 6)",
        UNIT,
        "14,687 rows, 14 files, 60 calls, 4 records set aside",
        CALLS,
        `all data read up to ${TODAY}`,
        LAST_COMPLETE,
        "reason: encode records: they cannot be encoded and were set aside: 3 of Prospect, 1 of Tag",
        `What to do: Everything else is committed. See each record and the reason in _pardot_etl/rejects/${RUN}/. Correct it in Pardot, or override the column's type in the catalog. The same record does not fail a later run.`,
      ],
    ],
    [
      "silent",
      "finished [Acme Tools EMEA], 1 warning, exit 0",
      [
        "pardot-etl: finished (exit 0)",
        UNIT,
        "13,934 rows, 13 files, 60 calls",
        CALLS,
        `all data read up to ${TODAY}`,
        "warning: ListMembership: nothing new since 2026-03-19 05:50:00 (UTC), usually about 540 rows: check whether work in Pardot has stopped, or whether the API user still sees the records",
        "What to do: look closer with `pardot-etl plan ListMembership`",
      ],
    ],
  ])("%s says what happened, how old the data is and what to do", async (name, subject, lines) => {
    const notification = notificationOf(await outcomeOf(name), LINK);
    expect(notification.subject).toBe(`pardot-etl: ${subject}`);
    expect(notification.text.trimEnd().split("\n")).toEqual([...lines, OPEN, MANIFEST]);
  });

  it("died is not sent; the next run's says so", async () => {
    expect((await openMorning("died")).outcome).toBeNull();
    const died = [{ died: "20260319T060000Z-abc001", startedAt: "2026-03-19T06:00:00.000Z" }];
    expect(notificationOf({ ...(await outcomeOf("well")), died }).text).toContain(
      "\nearlier run 20260319T060000Z-abc001, started 2026-03-19 06:00 UTC, died without a notification: it was killed, or ran out of memory; this run continued from there\n",
    );
  });

  it("of a run that could not log in says since when the data is old", async () => {
    const { history, unitName } = await outcomeOf("well");
    const error = { code: "auth.refused", message: "get a token: refused", hint: null };
    const failed: RunOutcome = { ...(await outcomeOf("well")), exitCode: 3, status: "failed", isWhole: false, error };
    const given = { ...failed, result: null, manifest: null, history, unitName };
    expect(notificationOf(given).text).toContain(`${LAST_COMPLETE}\nreason: get a token: refused\n`);
    const never = { ...given, history: { lastSuccessAt: null, readTo: {} } };
    expect(notificationOf(never).text).toContain("no complete run of all objects yet\n");
    expect(notificationOf({ ...given, history: null }).text).not.toContain("complete run");
  });

  it("of some objects says when all were complete for the last time, and which are behind", async () => {
    const { result, ...outcome } = await outcomeOf("partial");
    const { text } = notificationOf({ ...outcome, exitCode: 0, isWhole: false, result });
    expect(text).toContain(`11 objects read up to ${TODAY}\n`);
    const readTo = { Opportunity: "2026-03-18T06:00:00Z", Email: "2026-03-18T06:00:00Z" };
    const behind = notificationOf({ ...outcome, result, history: { lastSuccessAt: null, readTo } });
    expect(behind.text).toContain(
      "never read to an end: VisitorActivity\nread only up to 2026-03-18 06:00 UTC: Opportunity, Email\n",
    );
  });
});
