import { expect, test } from "vitest";
import { Rejects } from "./rejects.ts";

test("records that come again are counted once, those taken with a file before stay counted", () => {
  const rejects = new Rejects("Thing", 3);
  rejects.addWhole("first", { id: "1" }, "1");
  expect(rejects.take()).toHaveLength(1);
  for (let round = 0; round < 4; round += 1) {
    rejects.forget();
    rejects.addWhole("second", { id: "2" }, "2");
    rejects.addWhole("third", { id: "3" }, "3");
  }
  expect(rejects.take().map(({ id }) => id)).toEqual(["2", "3"]);
  expect(() => rejects.addWhole("fourth", { id: "4" }, "4")).toThrow("Thing");
});
