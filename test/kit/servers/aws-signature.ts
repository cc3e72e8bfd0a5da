import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

/**
 * Whether a request with this body is signed with the secret access key for the region and service, by the rules of
 * "Signing AWS API requests" (Signature Version 4): every header that is named as signed counts.
 */
export function isSigned(
  request: IncomingMessage,
  body: string,
  key: { readonly secret: string; readonly region: string; readonly service: string },
): boolean {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;
  const match = pattern.exec(request.headers.authorization ?? "");
  const [, day = "", region = "", service = "", signedHeaders = "", signature = ""] = match ?? [];
  if (region !== key.region || service !== key.service) return false;
  const headers = signedHeaders.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const canonical = [request.method, pathname, search.slice(1), headers.join(""), signedHeaders, sha256(body)].join(
    "\n",
  );
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", String(request.headers["x-amz-date"]), scope, sha256(canonical)].join("\n");
  let signing = hmac(`AWS4${key.secret}`, day);
  for (const part of [region, service, "aws4_request"]) signing = hmac(signing, part);
  return hmac(signing, text).toString("hex") === signature;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
