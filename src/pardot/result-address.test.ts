import { describe, expect, test } from "vitest";
import { notContaining } from "../../test/support/pardot-fakes.ts";
import { resultAddress } from "./result-address.ts";

// Holds G8: a result address on another host is refused.

const API = new URL("https://pi.pardot.com");
const PATH = "/api/export/version/4/do/downloadResults/id/1/file/2";

describe("where a token goes for a result file", () => {
  test.each([
    `https://pi.pardot.com${PATH}`,
    `https://www.pardot.com${PATH}`,
    `https://a.b.pardot.com${PATH}`,
    `HTTPS://PI.PARDOT.COM${PATH}`,
    PATH,
  ])("%s is fetched", (reference) => {
    expect(resultAddress(reference, API).pathname).toBe(PATH);
  });

  test.each([
    "https://pardot.com.evil.test/x",
    "https://evilpardot.com/x",
    "https://pardot.com/x",
    "https://pi.pardot.com@evil.test/x",
    "https://pi.pardot.com:secret@evil.test/x",
    "https://user@pi.pardot.com/x",
    "https://evil.test\\@pi.pardot.com/x",
    "https://evil.test#.pardot.com",
    "https://evil.test?.pardot.com",
    "//evil.test/x",
    "\\\\evil.test\\x",
    "https://www.pardot.com.:443/x",
    "https://www.pardot.com:8443/x",
    "http://www.pardot.com/x",
    "http://pi.pardot.com/x",
    "ftp://pi.pardot.com/x",
    "javascript:alert(1)",
    "https://",
    "http://127.0.0.1/x",
  ])("%s is refused", (reference) => {
    expect(() => resultAddress(reference, API)).toThrow(
      expect.objectContaining({ exitCode: 5, code: "pardot.foreign-address", retryable: false }),
    );
  });

  test("a configured simulator on this machine is allowed with its port, and so is the vendor", () => {
    const simulator = new URL("http://127.0.0.1:8080");
    expect(resultAddress(`http://127.0.0.1:8080${PATH}`, simulator).port).toBe("8080");
    expect(resultAddress(`https://www.pardot.com${PATH}`, simulator).hostname).toBe("www.pardot.com");
    expect(() => resultAddress(`http://127.0.0.1:8081${PATH}`, simulator)).toThrow("no token is sent");
  });

  test("a configured plain host elsewhere is refused all the same", () => {
    expect(() => resultAddress(PATH, new URL("http://pi.pardot.com"))).toThrow("no token is sent");
  });

  test("the message names the host and no password", () => {
    expect(() => resultAddress("https://u:canary@evil.test/x", API)).toThrow(
      expect.objectContaining({ message: notContaining("canary") }),
    );
  });
});
