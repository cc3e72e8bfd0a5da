import { describe, expect, it } from "vitest";
import { CancelledError, LimitError, RemoteError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import { Failures } from "./failures.ts";

const limit = new LimitError("no call left", { code: "limit.call-budget", hint: "Wait." });
const stop = new CancelledError("stopped by SIGINT", { code: "run.cancelled" });
const refused = new RemoteError("refused", { code: "remote.x" });
const objects = ["VisitorActivity", "Tag", "Email"].map((name) => ({ name }));

describe("the status of an object", () => {
  it.each([
    ["failed", refused],
    ["failed", new Error("a bug")],
    ["postponed", limit],
    ["postponed", stop],
  ] as const)("is %s after its first error alone", (status, error) => {
    const events: RunEvent[] = [];
    const failures = new Failures((event) => void events.push(event));
    failures.fail("Tag", error);
    failures.fail("Tag", new RemoteError("later", { code: "remote.y" }));
    expect([failures.statusOf("Tag"), failures.of("Tag")]).toEqual([status, error]);
    expect(failures.statusOf("List")).toBe("complete");
    expect(events).toMatchObject([{ type: status === "failed" ? "object-failed" : "object-postponed", object: "Tag" }]);
  });

  it("is waiting when the object it is read from is not complete, with the exit code of that one", () => {
    const failures = new Failures(() => undefined);
    failures.fail("VisitorActivity", refused);
    failures.wait("Email", "VisitorActivity");
    expect(failures.statusOf("Email")).toBe("waiting");
    expect(failures.of("Email")).toMatchObject({
      code: "object.waiting",
      exitCode: 5,
      message: "read Email: VisitorActivity, which names what to read, is failed in this run",
    });
  });
});

describe("the error of a run", () => {
  const errorAfter = (errors: Readonly<Record<string, Error>>, afterwards: Error | null = null): Error | null => {
    const failures = new Failures(() => undefined);
    for (const [object, error] of Object.entries(errors)) failures.fail(object, error);
    if ("VisitorActivity" in errors) failures.wait("Email", "VisitorActivity");
    return failures.firstError(objects, afterwards);
  };
  const late = new RemoteError("load", { code: "warehouse.x" });

  it.each([
    ["none when every object is complete", {}, null, null],
    ["the first failed object's in plan order", { Tag: refused, VisitorActivity: late }, null, late],
    [
      "a failed object's before a limit, which passes by itself",
      { VisitorActivity: limit, Tag: refused },
      null,
      refused,
    ],
    ["a limit's when nothing else is wrong", { VisitorActivity: limit }, null, limit],
    ["the loading's before a limit", { VisitorActivity: limit }, late, late],
    ["the stop request's before all others", { VisitorActivity: refused, Tag: stop }, late, stop],
    ["the stop request's that came while loading", { VisitorActivity: refused }, stop, stop],
  ] as const)("is %s", (_what, errors, afterwards, expected) => {
    expect(errorAfter(errors, afterwards)).toBe(expected);
  });
});
