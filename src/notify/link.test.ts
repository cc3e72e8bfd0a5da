import { describe, expect, it } from "vitest";
import { addressOf } from "./link.ts";

const KEY = "_pardot_etl/runs/r1/manifest.json";
const LAKE = { kind: "s3", bucket: "acme-lake", prefix: "crm/pardot" } as const;

describe("the address of a document", () => {
  it.each([
    ["eu-central-1", "https://s3.console.aws.amazon.com/s3/object/acme-lake?region=eu-central-1&prefix="],
    ["us-gov-west-1", "https://console.amazonaws-us-gov.com/s3/object/acme-lake?region=us-gov-west-1&prefix="],
    ["cn-north-1", "https://console.amazonaws.cn/s3/object/acme-lake?region=cn-north-1&prefix="],
  ])("in a bucket of %s is its page in the console", (region, start) => {
    expect(addressOf(LAKE, KEY, { AWS_REGION: region })).toBe(`${start}crm/pardot/${KEY}`);
    expect(addressOf(LAKE, KEY, { AWS_DEFAULT_REGION: region })).toBe(`${start}crm/pardot/${KEY}`);
  });

  it("in a bucket without prefix and region leaves both out", () => {
    const address = addressOf({ ...LAKE, prefix: "" }, KEY, {});
    expect(address).toBe(`https://s3.console.aws.amazon.com/s3/object/acme-lake?prefix=${KEY}`);
  });

  it("in another store than Amazon's is not known", () => {
    expect(addressOf(LAKE, KEY, { AWS_ENDPOINT_URL_S3: "https://minio.example" })).toBeNull();
    expect(addressOf(LAKE, KEY, { AWS_ENDPOINT_URL: "https://minio.example" })).toBeNull();
  });

  it("in a folder opens the file, whatever its name", () => {
    expect(addressOf({ kind: "folder", path: "/data/my lake#1" }, KEY, {})).toBe(`file:///data/my%20lake%231/${KEY}`);
  });
});
