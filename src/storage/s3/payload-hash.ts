/** Where in the SDK's stack of middleware the hash is put in: the request exists, and is not signed yet. */
export const PAYLOAD_HASH = { step: "build", name: "signPayloadHash" } as const;

/**
 * Signs a request with the SHA-256 of its body. The SDK would sign a stream as UNSIGNED-PAYLOAD; with the hash in its
 * place every S3 store checks the bytes.
 */
export function payloadHash(
  sha256: string,
): <Step extends { readonly request: unknown }, Answer>(
  next: (step: Step) => Promise<Answer>,
) => (step: Step) => Promise<Answer> {
  return (next) => async (step) => {
    const { headers } = step.request as { readonly headers: Record<string, string> };
    headers["x-amz-content-sha256"] = sha256;
    return next(step);
  };
}
