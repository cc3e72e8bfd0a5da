import { describe, expect, test } from "vitest";
import { notContaining } from "../../test/kit/fakes/pardot.ts";
import { assertSendable, isLoopback } from "./address.ts";

// Holds G8: secrets go to allowed hosts only.

describe("addresses", () => {
  test.each(["http://localhost:1/", "http://127.0.0.1/", "http://127.8.9.10/", "http://127.1/", "http://[::1]:80/"])(
    "%s is this machine, so plain HTTP is sent",
    (address) => {
      expect(isLoopback(new URL(address))).toBe(true);
      expect(() => assertSendable(new URL(address))).not.toThrow();
    },
  );

  test.each([
    "http://pi.pardot.com/",
    "http://localhost.evil.test/",
    "http://127.0.0.1.evil.test/",
    "http://128.0.0.1/",
    "http://[::2]/",
    "ftp://localhost/",
  ])("%s is refused", (address) => {
    expect(() => assertSendable(new URL(address))).toThrow(expect.objectContaining({ code: "http.plain-refused" }));
  });

  test("a user name in the address is refused, and not shown in the message", () => {
    expect(() => assertSendable(new URL("https://pi.pardot.com@evil.test/"))).toThrow(
      expect.objectContaining({ code: "http.userinfo-refused", message: notContaining("pi.pardot.com") }),
    );
  });
});
