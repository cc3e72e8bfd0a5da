import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Destination } from "../config/config.ts";

/** Where a person can open a document of the run. */
export interface Link {
  readonly what: "report page" | "manifest";
  readonly url: string;
}

/** The variables of the SDK that decide which store a bucket is in. */
type Variables = Readonly<
  Partial<Record<"AWS_ENDPOINT_URL" | "AWS_ENDPOINT_URL_S3" | "AWS_REGION" | "AWS_DEFAULT_REGION", string>>
>;

/**
 * The address of a file of the destination: its page in the S3 console, or `file://`. Null for a store that is not
 * Amazon's, which has no console that is known.
 */
export function addressOf(destination: Destination, key: string, env: Variables): string | null {
  if (destination.kind === "folder") return pathToFileURL(join(destination.path, key)).href;
  if ((env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? "") !== "") return null;
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "";
  const url = new URL(`https://${hostOf(region)}/s3/object/${destination.bucket}`);
  if (region !== "") url.searchParams.set("region", region);
  url.searchParams.set("prefix", [destination.prefix, key].filter((part) => part !== "").join("/"));
  // Slashes need no escape in a query, and are easier to read.
  return url.href.replaceAll("%2F", "/");
}

/** Of the console, by the partition of a region. */
function hostOf(region: string): string {
  if (region.startsWith("cn-")) return "console.amazonaws.cn";
  if (region.startsWith("us-gov-")) return "console.amazonaws-us-gov.com";
  return "s3.console.aws.amazon.com";
}
