import { afterEach, describe, expect, it } from "vitest";
import { run } from "../../src/operations/run/run.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { openMemoryStorage } from "../kit/fakes/memory-storage.ts";
import { scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// What a run costs at the store: each of these takes some ten milliseconds at S3.

const start = scenesUntil(afterEach);

/** Requests to S3, in their order: what is done with which part of the destination. */
type Request = `${"list" | "get" | "put" | "remove"} ${"entry" | "state" | "lease" | "calls" | "manifest" | "data"}`;

/** A storage whose requests are noted as S3 would get them, where a write never takes effect at once. */
function notedStorage(): { readonly storage: Storage; readonly requests: Request[] } {
  const memory = openMemoryStorage();
  const requests: Request[] = [];
  const note = (what: "list" | "get" | "put" | "remove", key: string): void => {
    const [, part = ""] = /^_pardot_etl\/(state\/$|state\/\d|state\/lease|state\/calls|runs)/.exec(key) ?? [];
    const parts: Readonly<Record<string, "state" | "lease" | "calls" | "manifest">> = {
      "state/": "state",
      "state/lease": "lease",
      "state/calls": "calls",
      runs: "manifest",
    };
    requests.push(`${what} ${parts[part] ?? (part === "" ? "data" : "entry")}`);
  };
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const storage: Storage = {
    ...memory,
    publish: async (key, file, signal) => {
      note("put", key);
      await later();
      return memory.publish(key, file, signal);
    },
    create: async (key, bytes, signal) => {
      note("put", key);
      await later();
      return memory.create(key, bytes, signal);
    },
    read: (key, signal) => {
      note("get", key);
      return memory.read(key, signal);
    },
    stat: (key, signal) => {
      note("get", key);
      return memory.stat(key, signal);
    },
    open: (key, signal) => {
      note("get", key);
      return memory.open(key, signal);
    },
    list: (prefix, signal, after) => {
      note("list", prefix);
      return memory.list(prefix, signal, after);
    },
    remove: (keys, signal) => {
      if (keys.length > 0) note("remove", keys[0] ?? "");
      return memory.remove(keys, signal);
    },
  };
  return { storage, requests };
}

async function runOn(at: Scene, storage: Storage): Promise<void> {
  const config = await at.config();
  const { signal } = new AbortController();
  const outcome = await withRuntime({ signal, onEvent: () => undefined, pardot: config.pardot }, (runtime) =>
    run(
      config,
      {},
      {
        ...runtime,
        clock: fakeClock(at.simulator.now().getTime()),
        openStorage: async () => storage,
      },
    ),
  );
  expect(outcome.result?.exitCode).toBe(0);
}

const START: readonly Request[] = ["list state", "get entry", "put lease", "list state", "put entry", "put entry"];
const END: readonly Request[] = ["list lease", "put manifest", "put entry", "remove entry", "list calls", "put lease"];

/** A file, and the entry that holds it and ends its window. */
const FILE: readonly Request[] = ["put data", "put entry"];

describe("the requests of a run to the store", () => {
  it("are those of its files, their entries and few others, however much the runs before have left", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    const { storage, requests } = notedStorage();
    await runOn(at, storage);
    const [first] = START;
    const found = ["list manifest"] as const;
    expect(requests.splice(0)).toEqual([
      first,
      ...found,
      ...START.slice(2),
      ...FILE,
      ...END.filter((request) => request !== "remove entry"),
    ]);
    for (let day = 0; day < 7; day += 1) {
      at.simulator.advance(1);
      await runOn(at, storage);
      expect(requests.splice(0)).toEqual([...START, ...FILE, ...END]);
    }
  });

  it("record the plan of many objects together", async () => {
    const at = await start(
      {},
      { PARDOT_ETL_OBJECTS: "Tag,Campaign,List,CustomField,User,Form,LandingPage,File,Folder" },
    );
    const { storage, requests } = notedStorage();
    await runOn(at, storage);
    at.simulator.advance(1);
    requests.length = 0;
    await runOn(at, storage);
    expect(requests.slice(0, requests.indexOf("put data"))).toEqual(START);
    expect(requests.slice(-END.length)).toEqual(END);
  });
});
