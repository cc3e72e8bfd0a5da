import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { startFaultProxy } from "../kit/servers/fault-proxy.ts";
import type { Fault, FaultProxy } from "../kit/servers/fault-proxy.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { CALM, digestOf, keysOf, noise, spooled, textOf } from "./spooled.ts";

const KEY = "Tag/Tag_api_1.csv";
/** Attempts with a store that has never responded, and with one that has. */
const ATTEMPTS = 5;
const PATIENT_ATTEMPTS = 9;

function times(count: number, fault: Fault): Fault[] {
  return Array.from({ length: count }, () => fault);
}

whereS3Runs(() => {
  describe("storage on S3 under faults (Ceph RADOS Gateway)", () => {
    let tmpDir: string;
    let proxy: FaultProxy;
    /** Through the proxy. */
    let storage: Storage;
    /** Without the proxy: the real contents. */
    let truth: Storage;
    let pauses: number[];

    beforeEach(async () => {
      const server = await s3Server();
      const bucket = await newBucket(server);
      tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-faults-"));
      proxy = await startFaultProxy(server.endpoint);
      pauses = [];
      const clock: Clock = {
        now: () => 0,
        monotonic: () => 0,
        sleep: async (ms, signal) => {
          signal?.throwIfAborted();
          pauses.push(ms);
        },
      };
      const options = { bucket, prefix: "p", pathStyle: null, clock, random: systemRandom, idleTimeoutMs: 1_000 };
      storage = new S3Storage({ ...options, endpoint: proxy.endpoint });
      truth = new S3Storage({ ...options, endpoint: server.endpoint, idleTimeoutMs: 60_000 });
    });
    afterEach(async () => {
      await proxy.close();
      await rm(tmpDir, { recursive: true, force: true });
    });

    const passing: readonly (readonly [string, readonly Fault[]])[] = [
      ["a 500", [{ kind: "answer", status: 500 }]],
      ["four times 503 slow down", times(4, { kind: "answer", status: 503, code: "SlowDown" })],
      [
        "a conflict with another conditional write",
        [{ kind: "answer", status: 409, code: "ConditionalRequestConflict" }],
      ],
      ["a reset in mid-body", [{ kind: "reset-in-body", afterBytes: 1_000_000 }]],
      ["a reset before the body", [{ kind: "reset-in-body", afterBytes: 0 }]],
      ["a server that never responds", [{ kind: "stall" }]],
      ["a byte that changes on the way", [{ kind: "corrupt" }]],
      ["a response lost after the write", [{ kind: "lose-answer" }]],
      ["responses lost every time", times(ATTEMPTS, { kind: "lose-answer" })],
      ["a mixture", [{ kind: "stall" }, { kind: "answer", status: 502 }, { kind: "lose-answer" }]],
    ];
    it.each(passing)("publishes one complete object despite %s", async (_fault, faults) => {
      const file = await spooled(tmpDir, noise(3_000_000));
      proxy.fail("PUT", ...faults);
      expect(await storage.publish(KEY, file, CALM)).toBe("written");
      expect(await keysOf(truth)).toEqual([KEY]);
      expect(await digestOf(truth, KEY)).toEqual({ bytes: file.bytes, sha256: file.sha256 });
      expect(pauses).toHaveLength(Math.min(faults.length, ATTEMPTS - 1));
    });

    const throttled: Fault = { kind: "answer", status: 503, code: "SlowDown" };
    const failing: readonly (readonly [string, Fault, string, number, number])[] = [
      ["a server that only fails", { kind: "answer", status: 500 }, "storage.unavailable", 7, PATIENT_ATTEMPTS],
      ["a server that only throttles", throttled, "storage.unavailable", 7, PATIENT_ATTEMPTS],
      ["a connection that always resets", { kind: "reset-in-body", afterBytes: 0 }, "storage.unreachable", 7, ATTEMPTS],
      ["a server that never responds", { kind: "stall" }, "storage.unreachable", 7, ATTEMPTS],
      ["a line that always changes bytes", { kind: "corrupt" }, "storage.digest-refused", 6, PATIENT_ATTEMPTS],
    ];
    it.each(failing)("publishes nothing with %s, and reports it", async (_fault, fault, code, exitCode, attempts) => {
      const file = await spooled(tmpDir, noise(100_000));
      proxy.fail("PUT", ...times(attempts, fault));
      const hint = expect.any(String) as string;
      await expect(storage.publish(KEY, file, CALM)).rejects.toMatchObject({ code, exitCode, hint });
      expect(proxy.requests.filter((method) => method === "PUT")).toHaveLength(attempts);
      expect(await keysOf(truth)).toEqual([]);
    });

    it("still reports an existing object if the first response is a refusal", async () => {
      await truth.publish(KEY, await spooled(tmpDir, "x"), CALM);
      proxy.fail("HEAD", { kind: "answer", status: 500 });
      expect(await storage.publish(KEY, await spooled(tmpDir, "x"), CALM)).toBe("already-there");
    });

    it("refuses different bytes even if the refusal was lost once", async () => {
      await truth.publish(KEY, await spooled(tmpDir, "theirs"), CALM);
      proxy.fail("PUT", { kind: "lose-answer" });
      const ours = await spooled(tmpDir, "ours");
      await expect(storage.publish(KEY, ours, CALM)).rejects.toMatchObject({ code: "storage.different-bytes" });
      expect(await textOf(truth, KEY)).toBe("theirs");
    });

    it("counts a created document as written if its response was lost", async () => {
      proxy.fail("PUT", { kind: "lose-answer" });
      expect(await storage.create("_pardot_etl/lease/1", Buffer.from("me"), CALM)).toBe("written");
    });

    it("counts a created document as written if every response was lost", async () => {
      proxy.fail("PUT", ...times(ATTEMPTS, { kind: "lose-answer" }));
      expect(await storage.create("_pardot_etl/lease/1", Buffer.from("me"), CALM)).toBe("written");
    });

    it("does not treat another process's document as its own if a response was lost", async () => {
      await truth.create("_pardot_etl/lease/1", Buffer.from("they"), CALM);
      proxy.fail("PUT", { kind: "lose-answer" });
      expect(await storage.create("_pardot_etl/lease/1", Buffer.from("me"), CALM)).toBe("exists");
    });

    it("keeps the first failure if it cannot determine whether a document was written", async () => {
      proxy.fail("PUT", ...times(PATIENT_ATTEMPTS, throttled));
      proxy.fail("HEAD", ...times(PATIENT_ATTEMPTS, { kind: "answer", status: 403 }));
      await expect(storage.create("_pardot_etl/1", Buffer.from("me"), CALM)).rejects.toMatchObject({
        code: "storage.unavailable",
        retryable: true,
        context: { name: "SlowDown", status: 503, attempts: PATIENT_ATTEMPTS },
      });
    });

    const many = Array.from({ length: 5 }, (_, number) => `_pardot_etl/state/${number}`);
    const removals: readonly (readonly [string, readonly Fault[], readonly string[]])[] = [
      ["with one request", [], ["POST"]],
      ["with one request, sent again after a failure", [{ kind: "answer", status: 500 }], ["POST", "POST"]],
      ["with one request, sent again after its response was lost", [{ kind: "lose-answer" }], ["POST", "POST"]],
      [
        "one by one in a store that does not know the request",
        [{ kind: "answer", status: 501, code: "NotImplemented" }],
        ["POST", ...many.map(() => "DELETE")],
      ],
    ];
    it.each(removals)("removes many files %s", async (_how, faults, requests) => {
      for (const key of many) await truth.create(key, Buffer.from("x"), CALM);
      proxy.fail("POST", ...faults);
      await storage.remove(many, CALM);
      expect(await keysOf(truth)).toEqual([]);
      expect(proxy.requests).toEqual(requests);
    });

    it("reports a store that refuses to remove files", async () => {
      proxy.fail("POST", { kind: "answer", status: 403, code: "AccessDenied" });
      proxy.fail("DELETE", { kind: "answer", status: 403, code: "AccessDenied" });
      await expect(storage.remove(many, CALM)).rejects.toMatchObject({ code: "storage.no-permission", exitCode: 7 });
    });

    it("continues reading where a body was cut", async () => {
      const file = await spooled(tmpDir, noise(2_000_000));
      await truth.publish(KEY, file, CALM);
      proxy.fail(
        "GET",
        { kind: "cut-answer", afterBytes: 700_000 },
        { kind: "stall" },
        { kind: "cut-answer", afterBytes: 5 },
      );
      expect(await digestOf(storage, KEY)).toEqual({ bytes: file.bytes, sha256: file.sha256 });
    });

    it("gives up reading if the store fails each time", async () => {
      await truth.publish(KEY, await spooled(tmpDir, noise(2_000_000)), CALM);
      proxy.fail("GET", ...times(PATIENT_ATTEMPTS, { kind: "answer", status: 503 }));
      await expect(digestOf(storage, KEY)).rejects.toMatchObject({ code: "storage.unavailable", exitCode: 7 });
    });

    it("reads a document again if its body was cut", async () => {
      await truth.create("_pardot_etl/state/1", noise(100_000), CALM);
      proxy.fail("GET", { kind: "cut-answer", afterBytes: 50_000 });
      expect(await storage.read("_pardot_etl/state/1", CALM)).toEqual(new Uint8Array(noise(100_000)));
    });

    it("lists every key once if a page fails", async () => {
      for (const key of ["a", "b", "c"]) await truth.create(key, Buffer.from("x"), CALM);
      proxy.fail("GET", { kind: "answer", status: 500 }, { kind: "stall" });
      expect(await keysOf(storage)).toEqual(["a", "b", "c"]);
    });

    it("leaves nothing visible if it is aborted while sending the body", async () => {
      const controller = new AbortController();
      const reason = new Error("stop");
      proxy.onBodyBytes(2_000_000, () => controller.abort(reason));
      const file = await spooled(tmpDir, noise(8_000_000));
      await expect(storage.publish(KEY, file, controller.signal)).rejects.toBe(reason);
      expect(await keysOf(truth)).toEqual([]);
      expect(proxy.requests).toEqual(["PUT"]);
    });

    it("sends nothing after it is aborted between two attempts", async () => {
      const controller = new AbortController();
      const reason = new Error("stop");
      proxy.fail("PUT", { kind: "answer", status: 500 });
      const clock: Clock = {
        now: () => 0,
        monotonic: () => 0,
        sleep: async (_ms, signal) => (controller.abort(reason), signal?.throwIfAborted()),
      };
      const bucket = truth.location.slice("s3://".length).split("/")[0] ?? "";
      const options = { bucket, prefix: "", endpoint: proxy.endpoint, pathStyle: null, clock, random: systemRandom };
      const created = new S3Storage(options).create("a", Buffer.from("x"), controller.signal);
      await expect(created).rejects.toBe(reason);
      expect(proxy.requests).toEqual(["PUT"]);
    });

    it("waits longer after each attempt, with random variation", async () => {
      proxy.fail("PUT", ...times(4, { kind: "answer", status: 500 }));
      await storage.create("a", Buffer.from("x"), CALM);
      const bounds = [250, 500, 1_000, 2_000];
      expect(pauses).toHaveLength(bounds.length);
      for (const [index, full] of bounds.entries()) {
        expect(pauses[index]).toBeGreaterThanOrEqual(full / 2);
        expect(pauses[index]).toBeLessThanOrEqual(full);
      }
    });
  });
});
