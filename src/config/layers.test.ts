import { expect, test } from "vitest";
import { expand } from "./layers.ts";

const ENV = { BUCKET: "acme", EMPTY: "", LOOP: "${BUCKET}" };

test("expands variables once: a variable's value is not expanded again", () => {
  expect(expand("s3://${BUCKET}/${BUCKET}", ENV)).toEqual({
    text: "s3://acme/acme",
    names: ["BUCKET", "BUCKET"],
    missing: [],
  });
  expect(expand("${LOOP}", ENV).text).toBe("${BUCKET}");
});

test("turns $${ into ${ and keeps a lone dollar", () => {
  expect(expand("$${BUCKET} $BUCKET $", ENV)).toEqual({ text: "${BUCKET} $BUCKET $", names: [], missing: [] });
});

test.each(["${NOPE}", "${EMPTY}", "${}", "${BUCKET", "${constructor}"])("reports %s as missing", (text) =>
  expect(expand(text, ENV).missing).toHaveLength(1),
);
