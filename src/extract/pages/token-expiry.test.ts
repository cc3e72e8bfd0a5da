import { describe, expect, it } from "vitest";
import { afterOf, never, page, readAll, records, scripted, window } from "../../../test/kit/fakes/scripted-pages.ts";
import { isQueried } from "../../catalog/catalog.ts";
import type { QueriedObject } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { selectWays } from "../../catalog/versions.ts";
import { RemoteError } from "../../errors.ts";
import type { Page, PageRequest } from "../../pardot/pardot.ts";
import { readWindow } from "./window-pages.ts";

// Holds G1 where page tokens of API v5 expire, or what came through them comes again.

const expired = (): RemoteError =>
  new RemoteError("visits query: the page token has expired", { code: "pardot.token", pardotCode: 210 });
const tooLong = (): RemoteError => new RemoteError("it takes too long", { code: "pardot.timed-out", pardotCode: 214 });

const end: Partial<Page> = { end: "end" };

describe("pages by id whose records are all hidden", () => {
  /** Records 1 and 9, and between them two pages without a visible record, of which the second needs a token. */
  const hidden = (request: PageRequest): Page => {
    if (request.token === "hidden-2") return page([], { end: "more", token: "hidden-3" });
    if (request.token === "hidden-3") return page(records([9]), end);
    if (afterOf(request) === 0) return page(records([1]), { end: "more", token: "visible" });
    return page([], { end: "more", token: "hidden-2" });
  };

  it("are left from the cursor on once more when their token has expired", async () => {
    let refused = 0;
    const { pardot } = scripted((request) => {
      if (request.token === "hidden-3" && refused < 2) {
        refused += 1;
        throw expired();
      }
      return hidden(request);
    });
    expect(await readAll(pardot)).toEqual(["1", "9"]);
    expect(refused).toBe(2);
  });

  it("fail when their tokens expire again and again", async () => {
    const { pardot, asked } = scripted((request) => {
      if (request.token === "hidden-3") throw expired();
      return hidden(request);
    });
    await expect(readAll(pardot)).rejects.toMatchObject({ pardotCode: 210 });
    expect(asked.filter(({ token }) => token === "hidden-3")).toHaveLength(4);
  });
});

describe("records that come parent by parent", () => {
  it("are announced to come again when their parents do", async () => {
    const variation = variations();
    let cut = true;
    const { pardot } = scripted((request) => {
      const parent = request.filters?.["dynamicContentId"];
      if (parent !== undefined) return page(records([Number(parent) * 10]), end);
      if (request.way.urlName === variation.way.urlName) throw new RemoteError("x", { code: "x", pardotCode: 13 });
      if (request.token === undefined || request.token === null) {
        // Without a date nothing says where to go on: parents without one come first.
        return page([{ id: "1", updatedAt: null }], { end: "more", token: "second" });
      }
      if (cut) {
        cut = false;
        throw tooLong();
      }
      return page([{ id: "2", updatedAt: "2026-01-01T00:00:00+00:00" }], end);
    });
    const request = { pardot, object: variation, window, fields: ["id"], cursor: null, drain: never, abort: never };
    let held: unknown[] = [];
    for await (const step of readWindow({ ...request, onEvent: () => undefined })) {
      if (step.type === "again") held = [];
      else if (step.type === "records") held.push(...step.records.map(({ id }) => id));
    }
    expect(held).toEqual(["10", "20"]);
  });
});

function variations(): QueriedObject {
  const found = selectWays(entries, "5").find(({ name }) => name === "DynamicContentVariation");
  if (found === undefined || !isQueried(found)) throw new Error("v5 has variations");
  return found;
}
