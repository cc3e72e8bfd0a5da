import { describe, expect, test } from "vitest";
import { proxyFor } from "./proxy.ts";
import type { ProxyVariables } from "./proxy.ts";

const PROXY = "http://proxy.corp:3128";
const via = (address: string, variables: ProxyVariables): string | null =>
  proxyFor(new URL(address), variables)?.href ?? null;

describe("the proxy for an address", () => {
  test("is HTTPS_PROXY for https and HTTP_PROXY for plain http only", () => {
    const both = { HTTPS_PROXY: PROXY, HTTP_PROXY: "http://plain.corp:80" };
    expect(via("https://pi.pardot.com/", both)).toBe(`${PROXY}/`);
    expect(via("http://minio.corp:9000/", both)).toBe("http://plain.corp/");
    expect(via("https://pi.pardot.com/", { HTTP_PROXY: PROXY })).toBeNull();
    expect(via("http://minio.corp/", { HTTPS_PROXY: PROXY })).toBeNull();
  });

  test("is the lower-case variable if both are set, and none if that is empty", () => {
    expect(via("https://pi.pardot.com/", { https_proxy: "http://small:1", HTTPS_PROXY: PROXY })).toBe(
      "http://small:1/",
    );
    expect(via("https://pi.pardot.com/", { https_proxy: "", HTTPS_PROXY: PROXY })).toBeNull();
    expect(via("https://pi.pardot.com/", {})).toBeNull();
  });

  test("may be given without a scheme, and may have credentials", () => {
    expect(via("https://pi.pardot.com/", { HTTPS_PROXY: "proxy.corp:3128" })).toBe(`${PROXY}/`);
    expect(via("https://pi.pardot.com/", { HTTPS_PROXY: "http://u:p@proxy.corp" })).toBe("http://u:p@proxy.corp/");
  });

  test.each(["socks5://proxy.corp:1080", "http://", "http://a b"])("%s is refused, not bypassed", (text) => {
    expect(() => via("https://pi.pardot.com/", { HTTPS_PROXY: text })).toThrow(
      expect.objectContaining({ code: "http.proxy-invalid", retryable: false }),
    );
  });

  test.each<[string, string, boolean]>([
    ["pi.pardot.com", "https://pi.pardot.com/", true],
    ["pardot.com", "https://pi.pardot.com/", true],
    [".pardot.com", "https://pi.pardot.com/", true],
    ["*.pardot.com", "https://pi.pardot.com/", true],
    ["PARDOT.COM", "https://pi.pardot.com/", true],
    ["a.test, pardot.com b.test", "https://pi.pardot.com/", true],
    ["a.test,*", "https://pi.pardot.com/", true],
    ["pi.pardot.com:443", "https://pi.pardot.com/", true],
    [".pardot.com:8443", "https://pi.pardot.com:8443/", true],
    ["127.0.0.1", "https://127.0.0.1:8443/", true],
    ["localhost", "https://localhost/", true],
    ["::1", "https://[::1]/", true],
    ["[::1]:8443", "https://[::1]:8443/", true],
    ["pi.pardot.com:8443", "https://pi.pardot.com/", false],
    ["dot.com", "https://pi.pardot.com/", false],
    ["pi.pardot.com.evil.test", "https://pi.pardot.com/", false],
    ["i.pardot.com", "https://pi.pardot.com/", false],
    ["[::1]:8443", "https://[::1]/", false],
    ["", "https://127.0.0.1/", false],
    [",", "https://pi.pardot.com/", false],
  ])("NO_PROXY=%j keeps %s away from it: %s", (list, address, isDirect) => {
    expect(via(address, { HTTPS_PROXY: PROXY, NO_PROXY: list })).toBe(isDirect ? null : `${PROXY}/`);
  });

  test("is none for plain http to this machine, unless the proxy is there too", () => {
    expect(via("http://127.0.0.1:8080/", { HTTP_PROXY: PROXY })).toBeNull();
    expect(via("http://127.0.0.1:8080/", { HTTP_PROXY: "http://localhost:3128" })).toBe("http://localhost:3128/");
    const named = { HTTP_PROXY: "http://localhost:3128", NO_PROXY: "127.0.0.1" };
    expect(via("http://127.0.0.1:8080/", named)).toBeNull();
  });
});
