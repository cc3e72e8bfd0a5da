import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { removeObjects } from "./remove.ts";
import { S3Retries } from "./retries.ts";

const NEVER = new AbortController().signal;

/** Removes `count` objects from a store that leaves some of them out; returns what was sent. */
async function sent(count: number, leftOut: readonly string[] = []): Promise<(number | string)[]> {
  const requests: (number | string)[] = [];
  const send = async (command: unknown): Promise<object> => {
    if (command instanceof DeleteObjectCommand) requests.push(command.input.Key ?? "");
    if (!(command instanceof DeleteObjectsCommand)) return {};
    requests.push(command.input.Delete?.Objects?.length ?? 0);
    return { Errors: leftOut.map((Key) => ({ Key, Code: "InternalError" })) };
  };
  const objects = Array.from({ length: count }, (_, number) => ({ Bucket: "b", Key: String(number) }));
  const retries = new S3Retries({ clock: fakeClock(), random: { unit: () => 1, hex: () => "" } });
  await removeObjects({ client: { send } as unknown as S3Client, objects, retries, key: "0" }, NEVER);
  return requests;
}

test("one object takes a plain request, many take one for each thousand, none takes none", async () => {
  expect(await sent(0)).toEqual([]);
  expect(await sent(1)).toEqual(["0"]);
  expect(await sent(1000)).toEqual([1000]);
  expect(await sent(2001)).toEqual([1000, 1000, "2000"]);
});

test("an object that the store left out is removed with a request for itself", async () => {
  expect(await sent(4, ["1", "3"])).toEqual([4, "1", "3"]);
});
