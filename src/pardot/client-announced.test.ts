import { describe, expect, test } from "vitest";
import { CUT, EXPORT, failBody, harness, NEVER, okBody, PAGE, respond, TAG } from "../../test/kit/fakes/pardot.ts";

describe("events of each request", () => {
  const ABOUT = { object: "Tag", window: "Tag/updated_at/0/1" };

  test("one line per page, with what it is about, its number, status, records and duration", async () => {
    const { pardot, answers, clock } = harness({
      steps: [
        async () => {
          await clock.sleep(250);
          return respond(PAGE);
        },
      ],
    });
    await pardot.queryPage({ ...TAG, about: ABOUT }, NEVER);
    await pardot.queryPage({ ...TAG, about: ABOUT }, NEVER);
    const page = { type: "page-read", ...ABOUT, kind: "tag query", status: 200, failure: null, records: 2 };
    expect(answers).toEqual([
      { ...page, call: 1, durationMs: 250 },
      { ...page, call: 2, durationMs: 250 },
    ]);
  });

  test("each attempt by its own number, with what was wrong; the repetition names the one that failed", async () => {
    const { pardot, answers, events } = harness({ steps: [CUT, { status: 503 }, { body: failBody(66) }, PAGE] });
    await pardot.queryPage({ ...TAG, about: ABOUT }, NEVER);
    expect(answers).toMatchObject([
      { type: "called", ...ABOUT, call: 1, attempt: 1, status: null, failure: "http.cut" },
      { type: "called", ...ABOUT, call: 2, attempt: 2, status: 503, failure: "empty" },
      { type: "called", ...ABOUT, call: 3, attempt: 3, status: 200, failure: "code 66" },
      { type: "page-read", ...ABOUT, call: 4, status: 200, failure: null },
    ]);
    expect(events).toMatchObject([1, 2, 3].map((call) => ({ type: "retrying", call, ...ABOUT, attempt: call })));
  });

  test("a request for a record or a count is not a page, and one about nothing names nothing", async () => {
    const { pardot, answers } = harness({ steps: [PAGE] });
    await pardot.queryPage({ ...TAG, about: { object: "Tag", window: null } }, NEVER);
    await pardot.queryPage(TAG, NEVER);
    expect(answers).toMatchObject([
      { type: "called", call: 1, object: "Tag", window: null, status: 200, failure: null },
      { type: "called", call: 2, object: null, window: null },
    ]);
  });

  test("exports and their files by object and window", async () => {
    const waiting = { body: okBody({ export: { id: 5, state: "Waiting" } }) };
    const { pardot, answers } = harness({ steps: [waiting, waiting, { body: "id\n1\n" }] });
    await pardot.createExport({ ...EXPORT, about: ABOUT }, NEVER);
    await pardot.readExport({ api: "v4", id: "5", about: ABOUT }, NEVER);
    for await (const _ of await pardot.downloadResult(
      "https://pi.pardot.com/api/export/version/4/do/downloadResults/id/5/file/6",
      NEVER,
      ABOUT,
    )) {
      // Read to its end.
    }
    expect(answers).toMatchObject(
      ["export create", "export read", "export download"].map((kind) => ({ type: "called", kind, ...ABOUT })),
    );
  });

  test("one warning per response counts the characters that were replaced in it, and names the object", async () => {
    const { pardot, events } = harness({
      steps: ["vertical &#11;\u000B tab", "one &#0; null", "none"].map((name) => ({
        body: `<rsp stat="ok"><result><tag><id>2</id><name>${name}</name></tag></result></rsp>`,
      })),
    });
    const names: unknown[] = [];
    for (let page = 0; page < 3; page += 1) {
      names.push((await pardot.queryPage({ ...TAG, about: ABOUT }, NEVER)).records.map((record) => record["name"]));
    }
    expect(names.flat()).toEqual(["vertical \uFFFD\uFFFD tab", "one \uFFFD null", "none"]);
    const warning = { type: "warning", code: "data.character-replaced", object: "Tag" };
    expect(events).toEqual([
      { ...warning, message: "tag query: 2 characters that XML or UTF-8 forbids were replaced by U+FFFD" },
      { ...warning, message: "tag query: 1 character that XML or UTF-8 forbids was replaced by U+FFFD" },
    ]);
  });
});
