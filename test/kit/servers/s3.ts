import { inject, it } from "vitest";
import type { S3Server } from "./ceph.ts";

import { INSTALL_S3, missingS3Programs } from "./s3-programs.ts";
export type { S3Server } from "./ceph.ts";

/**
 * The one S3 server of this test run; the first caller of all test processes has it started (about 15 seconds). Sets
 * AWS_* in this process so that the SDK's own chain finds its credentials. Rejects with the reason if it does not start.
 */
export async function s3Server(): Promise<S3Server> {
  const response = await fetch(inject("s3Starter"));
  const text = await response.text();
  if (!response.ok) throw new Error(`the S3 server did not start: ${text}`);
  const server = JSON.parse(text) as S3Server;
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: "us-east-1",
    // A developer's own settings must not steer the tests to another place.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  });
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]) {
    Reflect.deleteProperty(process.env, name);
  }
  return server;
}

/**
 * Collects tests that need the S3 server; where it is not installed, one skipped test and one line say so. In CI
 * (PARDOT_ETL_REQUIRE_S3=1) the whole run has failed before this.
 */
export function whereS3Runs(collect: () => void): void {
  const missing = missingS3Programs();
  if (missing.length === 0) {
    collect();
    return;
  }
  const reason = `S3 tests skipped, not installed: ${missing.join(", ")}. To have them: ${INSTALL_S3}`;
  console.warn(reason);
  it.skip(reason, () => {});
}
