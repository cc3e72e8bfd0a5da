import { V5_OBJECTS } from "../../src/simulator/objects/v5/objects-v5.ts";
import type { V5Object } from "../../src/simulator/objects/v5/notation.ts";
import type { SimulatorClient } from "./simulator-client.ts";

export type V5Row = Readonly<Record<string, unknown>>;

export interface V5Reply {
  readonly status: number;
  readonly warning: string | null;
  readonly body: {
    readonly values?: readonly V5Row[];
    readonly nextPageToken?: string | null;
    readonly nextPageUrl?: string | null;
    readonly code?: number;
    readonly message?: string;
    readonly [name: string]: unknown;
  };
}

export function objectNamed(name: string): V5Object {
  const object = V5_OBJECTS.find((candidate) => candidate.name === name);
  if (object === undefined) throw new Error(`no object ${name}`);
  return object;
}

export function pathOf({ collection }: V5Object): string {
  return collection.startsWith("/") ? `/api/v5${collection}` : `/api/v5/objects/${collection}`;
}

/** Calls a path of API v5 with parameters. */
export async function get(
  client: SimulatorClient,
  path: string,
  parameters: Readonly<Record<string, string | number>> = {},
): Promise<V5Reply> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  const { status, text, headers } = await client.call(`${path}?${query.toString()}`);
  return {
    status,
    warning: headers.get("Pardot-Warning"),
    body: text === "" ? {} : (JSON.parse(text) as V5Reply["body"]),
  };
}

/** Every page by token, from the first query on. */
export async function pages(
  client: SimulatorClient,
  path: string,
  parameters: Readonly<Record<string, string | number>>,
): Promise<V5Reply[]> {
  const all = [await get(client, path, { limit: 1000, ...parameters })];
  for (;;) {
    const token = all.at(-1)?.body.nextPageToken ?? null;
    if (token === null) return all;
    all.push(await get(client, path, { fields: parameters["fields"] ?? "id", nextPageToken: token }));
  }
}

export async function rowsOf(
  client: SimulatorClient,
  path: string,
  parameters: Readonly<Record<string, string | number>>,
): Promise<V5Row[]> {
  return (await pages(client, path, parameters)).flatMap(({ body }) => body.values ?? []);
}

/** Names of the fields that a query of this account returns. */
export function queryFields(object: V5Object, missing: readonly string[] = ["salesforceCmsId"]): string[] {
  return [...object.fields.values()]
    .filter(({ name, access }) => access === "all" && !missing.includes(name))
    .map(({ name }) => name);
}

export const idsOf = (rows: readonly V5Row[]): number[] =>
  rows.map((row) => Number(row["id"])).toSorted((a, b) => a - b);
