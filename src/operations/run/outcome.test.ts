import { expect, test } from "vitest";
import { destinationText } from "./outcome.ts";

test.each([
  [{ kind: "s3", bucket: "lake", prefix: "raw/pardot" } as const, "s3://lake/raw/pardot"],
  [{ kind: "s3", bucket: "lake", prefix: "" } as const, "s3://lake"],
  [{ kind: "folder", path: "/data/pardot" } as const, "/data/pardot"],
])("the destination %j is shown as %s, to which a key can be appended", (destination, text) =>
  expect(destinationText(destination)).toBe(text),
);
