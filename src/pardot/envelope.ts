import { failureOf } from "./failure.ts";
import type { ResponseHead, Failure } from "./failure.ts";
import type { WireRecord, WireValue } from "./pardot.ts";
import { ATTRIBUTES, TEXT, UnreadableBody, asRecord, readJson, readXml } from "./read-body.ts";
import { utf8Text } from "./replaced-text.ts";

/** An envelope. `replaced`: characters that became U+FFFD because the format forbids them. */
export type Envelope =
  | { readonly ok: true; readonly value: WireRecord; readonly replaced: number }
  | { readonly ok: false; readonly failure: Failure };

/**
 * Reads a whole body as Pardot's envelope, whatever the status and the requested format: errors come as XML although
 * JSON was requested, and with HTTP 200 (2012–2020) as well as 4xx. `bare` accepts a record without the
 * `stat` mark under a 2xx status, as the Export API may send it.
 */
export function readEnvelope(bytes: Uint8Array, head: ResponseHead, bare: boolean, isTyped = false): Envelope {
  const failed = (shape: Failure["shape"], text: string, code: number | null = null): Envelope => ({
    ok: false,
    failure: failureOf(shape, text, head, code),
  });
  const isSuccess = head.status >= 200 && head.status <= 299;
  if (head.status >= 300 && head.status <= 399) {
    return failed("redirect", `a redirect to ${redirectHost(head.headers["location"])}`);
  }
  let replaced = 0;
  const onReplaced = (count: number): void => {
    replaced += count;
  };
  let root: WireRecord | null;
  try {
    const start = Buffer.from(bytes.subarray(0, 2000)).toString().trimStart().toLowerCase();
    if (isHtml(start)) return failed("html", "a page of HTML");
    if (start.startsWith("<")) root = asRecord(readXml(bytes, onReplaced)["rsp"] ?? null);
    else {
      const text = utf8Text(bytes, onReplaced).trimStart();
      if (text === "") return failed("empty", "an empty body");
      root = asRecord(readJson(text, onReplaced, isTyped));
    }
  } catch (error) {
    if (error instanceof UnreadableBody) return failed("unreadable", error.message);
    throw error;
  }
  if (root === null) return failed("no-envelope", "data without Pardot's envelope");
  const attributes = asRecord(root[ATTRIBUTES] ?? null);
  const stat = attributes?.["stat"] ?? null;
  const error = errorIn(root, attributes, isSuccess);
  if (error !== null) return failed("envelope", error.text, error.code);
  if (stat === "fail") return failed("envelope", "a failure without a code");
  if (!isSuccess) return failed("no-envelope", "data under a failure's status");
  if (stat !== "ok" && !bare) return failed("no-envelope", "data without Pardot's envelope");
  return { ok: true, value: root, replaced };
}

function isHtml(start: string): boolean {
  return /^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/.test(start);
}

function redirectHost(location: string | undefined): string {
  try {
    return new URL(location ?? "", "https://the-same-host.invalid").host.replace(
      "the-same-host.invalid",
      "the same host",
    );
  } catch {
    return "an unreadable address";
  }
}

/**
 * The error of an envelope. v3/v4 JSON has `@attributes.err_code` and `err`, XML `<err code>`, code 10000 one `err` for
 * each parameter. Under a failure's status v5's `{"code","message"}` is understood too, since gateway checks such as
 * 181 and 201 are common to all versions (inferred).
 */
function errorIn(
  root: WireRecord,
  attributes: WireRecord | null,
  isSuccess: boolean,
): { readonly code: number | null; readonly text: string } | null {
  const errors = root["err"] ?? null;
  const attributeCode = codeOf(attributes?.["err_code"] ?? root["err_code"] ?? null);
  if (attributeCode !== null || (errors !== null && attributes?.["stat"] !== "ok")) {
    const list = Array.isArray(errors) ? (errors as readonly WireValue[]) : [errors];
    const code = attributeCode ?? list.map((one) => codeOf(attribute(one, "code"))).find((one) => one !== null) ?? null;
    return { code, text: list.map((one) => errorText(one)).join("; ") };
  }
  if (isSuccess) return null;
  const plain = codeOf(root["code"] ?? null);
  return plain === null ? null : { code: plain, text: errorText(root["message"] ?? null) };
}

function errorText(error: WireValue): string {
  const record = asRecord(error);
  const text = record === null ? error : (record[TEXT] ?? record["message"] ?? null);
  const parameter = attribute(error, "param");
  const words = typeof text === "string" ? text : "no text";
  return typeof parameter === "string" ? `${parameter}: ${words}` : words;
}

function attribute(value: WireValue, name: string): WireValue {
  const attributes = asRecord(asRecord(value)?.[ATTRIBUTES] ?? null);
  return attributes?.[name] ?? null;
}

/** Numbers arrive as text from both readers, unless they are typed. */
function codeOf(value: WireValue): number | null {
  const isCode = (typeof value === "string" || typeof value === "number") && /^\s*\d{1,6}\s*$/.test(String(value));
  return isCode ? Number(value) : null;
}
