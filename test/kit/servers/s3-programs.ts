import { delimiter, join } from "node:path";
import { isExecutable } from "./executable.ts";

/** What the S3 server is made of, and how to have it. */
const PROGRAMS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "ceph-authtool", "monmaptool"] as const;
export const INSTALL_S3 = "apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common";

/** The programs of the S3 server that this machine lacks; none when it can be started. */
export function missingS3Programs(): readonly string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return PROGRAMS.filter((program) => !folders.some((folder) => isExecutable(join(folder, program))));
}

/** True where a missing S3 server is a failure and not a reason to skip (CI). */
export function s3IsRequired(): boolean {
  return process.env["PARDOT_ETL_REQUIRE_S3"] === "1";
}
