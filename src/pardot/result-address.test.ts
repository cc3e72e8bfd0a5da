import { describe, expect, test } from "vitest";
import { notContaining } from "../../test/kit/fakes/pardot.ts";
import { resultAddress, resultIds } from "./result-address.ts";

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

  test.each(
    [
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
    ].map((reference) => reference.replace(/\/x$/, PATH)),
  )("%s is refused", (reference) => {
    expect(() => resultAddress(reference, API)).toThrow(
      expect.objectContaining({ exitCode: 5, code: "pardot.foreign-address", retryable: false }),
    );
  });

  test.each([
    "/api/prospect/version/4/do/delete/id/5/file/5",
    "/api/export/version/4/do/downloadResults/id/1/file/2/../../../../../../prospect/version/4/do/delete/id/5",
    "/api/export/version/4/do/downloadResults/id/1/file/../../../../delete",
    "/api/export/version/4/do/downloadResults/id/1/file/2/more",
    "/api/export/version/4/do/downloadResults/id/1/file/",
    "/api/export/version/4/do/downloadResults/id/%31/file/2",
    "/api/export/version/4/do/downloadResults/id/1%2ffile/2",
    "/api/export/version/4/do/create/id/1/file/2",
    "/x/api/export/version/4/do/downloadResults/id/1/file/2",
    "/api/v5/prospects/1/results/2",
    "/api/v5/exports/1",
    "/",
  ])("the path %s is refused on the right host too", (path) => {
    expect(() => resultAddress(`https://pi.pardot.com${path}`, API)).toThrow(
      expect.objectContaining({ exitCode: 5, code: "pardot.foreign-address" }),
    );
  });

  test("an address is parsed to the ids of its export and file", () => {
    expect(resultIds(`https://pi.pardot.com${PATH}?format=json`)).toEqual({ exportId: "1", fileId: "2" });
    expect(resultIds(PATH)).toEqual({ exportId: "1", fileId: "2" });
    expect(resultIds(`${PATH}/`)).toEqual({ exportId: "1", fileId: "2" });
    expect(resultIds("https://pi.pardot.com/api/v5/exports/7/results/8")).toEqual({ exportId: "7", fileId: "8" });
    expect(resultIds("https://pi.pardot.com/api/prospect/version/4/do/delete/id/5/file/5")).toBeNull();
    expect(resultIds("https://")).toBeNull();
  });

  test.each([
    ["many question marks", `${PATH}${"/file/a?".repeat(60_000)}\n`],
    ["many digits", PATH.replace("/1/", `/${"1".repeat(480_000)}/`)],
    ["many slashes", `https://pi.pardot.com${"/".repeat(480_000)}`],
  ])("an address of %s is refused by its length, without reading it", (_name, reference) => {
    const started = performance.now();
    expect(resultIds(reference)).toBeNull();
    expect(() => resultAddress(reference, API)).toThrow("no token is sent");
    expect(performance.now() - started).toBeLessThan(100);
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
