import { expect, test } from "vitest";
import { expand } from "./layers.ts";

const ENV = { BUCKET: "acme", EMPTY: "", LOOP: "${BUCKET}" };

test("puts variables in, once: what a variable holds is not expanded again", () => {
  expect(expand("s3://${BUCKET}/${BUCKET}", ENV)).toEqual({
    text: "s3://acme/acme",
    names: ["BUCKET", "BUCKET"],
    missing: [],
  });
  expect(expand("${LOOP}", ENV).text).toBe("${BUCKET}");
});

test("leaves $${ as ${ and a lone dollar as it is", () => {
  expect(expand("$${BUCKET} $BUCKET $", ENV)).toEqual({ text: "${BUCKET} $BUCKET $", names: [], missing: [] });
});

test.each(["${NOPE}", "${EMPTY}", "${}", "${BUCKET", "${constructor}"])("reports %s as missing", (text) =>
  expect(expand(text, ENV).missing).toHaveLength(1),
);
