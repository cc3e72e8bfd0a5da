import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { catalog } from "../../src/catalog/index.ts";
import type { Manifest, ManifestFile, ManifestWindow } from "../../src/manifest/manifest.ts";
import type { State } from "../../src/state/state.ts";
import type { Span } from "../../src/time/instant.ts";
import { mergeSpans, objectState } from "../../src/state/state.ts";
import type { SimulatorStats } from "../../src/simulator/index.ts";
import { comparable, committedRecords, objectIn, perhapsNewest, recordsOf, rowsOf, V5_LAG_MS } from "./landed.ts";
import type { Account, Destination, Versions } from "./landed.ts";
import { newest } from "../kit/records.ts";
import type { Cells } from "../kit/records.ts";

/** Problems, each with the guarantee that it breaks: `G1 Tag: 3 of 50 records are in no committed file`. */
export type Findings = string[];

/** G2: every file in a manifest exists, complete and as described. */
export function checkManifests(destination: Destination, manifests: readonly Manifest[]): Findings {
  const findings: Findings = [];
  const seen = new Set<string>();
  for (const manifest of manifests) {
    for (const { key, bytes, sha256, rows } of filesOf(manifest)) {
      // Checked once per file: another check proves that its bytes never change.
      const identity = `${key} ${bytes} ${sha256} ${rows}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
      const body = destination.bytes(key);
      if (body === undefined) {
        findings.push(`G2 ${manifest.run_id}: ${key} is in the manifest and not in the destination`);
        continue;
      }
      const found = {
        bytes: body.length,
        sha256: createHash("sha256").update(body).digest("hex"),
        rows: recordsOf(body)?.length ?? null,
      };
      if (!isDeepStrictEqual(found, { bytes, sha256, rows })) {
        findings.push(
          `G2 ${manifest.run_id}: ${key} is ${JSON.stringify(found)}, expected ${identity} from the manifest`,
        );
      }
    }
  }
  return findings;
}

function filesOf({ objects, left_files: left = [] }: Manifest): readonly ManifestFile[] {
  return [...objects.flatMap(({ files }) => files), ...left];
}

/** G2: the state covers only what manifests cover, and everything ever planned is covered or open. */
export function checkState(state: State, manifests: readonly Manifest[], entries: readonly string[]): Findings {
  const findings: Findings = [];
  for (const [name, own] of Object.entries(state.objects)) {
    const named = windowsOf(manifests, name);
    for (const stretch of own.coverage) {
      if (stretch.from < stretch.to && !holds(named, stretch)) {
        findings.push(`G2 ${name}: the state covers ${show(stretch)}, manifests cover ${named.map(show).join(", ")}`);
      }
    }
    // The same bytes read again get the same name, and are committed again.
    const files = manifests.flatMap(({ objects }) =>
      objects.filter(({ object }) => object === name).flatMap((each) => each.files),
    );
    if (own.filesCommitted > files.length) {
      findings.push(
        `G2 ${name}: the state counts ${own.filesCommitted} committed files, manifests name ${files.length}`,
      );
    }
    const watermarks = manifests.flatMap(({ objects }) =>
      objects.filter(({ object }) => object === name).flatMap((each) => each.files.map((file) => file.max_watermark)),
    );
    if (own.watermark !== null && !watermarks.includes(own.watermark)) {
      findings.push(`G2 ${name}: the state's watermark ${own.watermark} is in no manifest`);
    }
    if (catalog.find((object) => object.name === name)?.watermark === null) continue;
    const booked = mergeSpans([...own.coverage, ...own.windows]);
    for (const planned of plannedIn(entries, name)) {
      if (!holds(booked, planned)) findings.push(`G2 ${name}: planned ${show(planned)} is neither covered nor open`);
    }
  }
  return findings;
}

/** G2: the manifest of a run that was not killed lists every file that it landed. */
export function checkNamed(landed: readonly string[], manifest: Manifest): Findings {
  const named = new Set(filesOf(manifest).map(({ key }) => key));
  return landed
    .filter((key) => !named.has(key))
    .map((key) => `G2 ${manifest.run_id} landed ${key} and ended, and its manifest does not name it`);
}

interface JournalEntry {
  readonly snapshot?: State;
  readonly changes?: readonly {
    readonly type: string;
    readonly object?: string;
    readonly windows?: readonly (Span | string)[];
    readonly window?: string;
    readonly group?: number;
    readonly exportId?: string;
  }[];
}

function plannedIn(entries: readonly string[], object: string): Span[] {
  return entries
    .flatMap((entry) => (JSON.parse(entry) as JournalEntry).changes ?? [])
    .filter((change) => change.type === "planned" && change.object === object)
    .flatMap((change) => (change.windows ?? []) as readonly Span[]);
}

/** Ranges that manifests cover. A window committed up to an id counts only when its rest is committed too. */
function windowsOf(manifests: readonly Manifest[], name: string): Span[] {
  const windows = manifests
    .flatMap(({ objects }) => objects.filter(({ object }) => object === name))
    .flatMap((object): readonly ManifestWindow[] => object.windows);
  return mergeSpans(
    windows
      .filter(({ through_id: id = null, through_time: time = null }) => id === null && time === null)
      .map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) })),
  );
}

function holds(merged: readonly Span[], part: Span): boolean {
  return merged.some(({ from, to }) => from <= part.from && part.to <= to);
}

function show({ from, to }: Span): string {
  return `[${new Date(from).toISOString()}, ${new Date(to).toISOString()})`;
}

/** G4: today's calls, as counted by the simulator, are in the ledger and within the budget. */
export function checkLedger(state: State, stats: SimulatorStats, day: string, budget: number | null): Findings {
  const findings: Findings = [];
  // The account's clock is frozen. A run's pauses may take it past midnight, and the next run starts before midnight again.
  const { day: last, previous } = state.ledger;
  const days = [state.ledger, ...(previous === null ? [] : [previous])];
  const reserved = days.filter((one) => one.day >= day).reduce((sum, one) => sum + one.reserved, 0);
  const { used } = stats.quota;
  if (used > reserved) findings.push(`G4 ${used} calls made on ${day}, ${reserved} in the ledger`);
  if (budget !== null && last <= day && used > budget)
    findings.push(`G4 ${used} calls made on ${day}, the budget is ${budget}`);
  return findings;
}

/** G1 at the end: all rows of the account, and no row that it never showed. */
export function checkTruth(
  destination: Destination,
  manifests: readonly Manifest[],
  objects: readonly string[],
  account: Account,
  versions: Versions,
  zone: string,
): Findings {
  const findings: Findings = [];
  for (const object of objects) {
    const records = committedRecords(destination, manifests, object, account);
    const made = records.filter((record) => !versions.knows(object, record));
    if (made.length > 0) {
      findings.push(
        `G1 ${object}: ${made.length} records that the account never showed, first ${JSON.stringify(made[0])}`,
      );
    }
    // The order of two versions is ambiguous only if a clock was set back, which UTC never is.
    const landed =
      zone === "UTC" || objectIn(account, object)?.way.api === "v5" ? onlyNewest(records) : perhapsNewest(records);
    const truth = rowsOf(account, object);
    const lost = truth.filter((row) => !landed.has(String(row["id"])));
    const stale = truth.filter((row) => {
      const candidates = landed.get(String(row["id"]));
      return candidates?.some((version) => isDeepStrictEqual(version, row)) === false;
    });
    if (lost.length > 0) {
      findings.push(
        `G1 ${object}: ${lost.length} of ${truth.length} records are in no committed file, first ${JSON.stringify(lost[0])}`,
      );
    }
    if (stale.length > 0) {
      findings.push(
        `G1 ${object}: ${stale.length} of ${truth.length} records are not as they are, first ${JSON.stringify(stale[0])}`,
      );
    }
  }
  return findings;
}

function onlyNewest(records: readonly Cells[]): Map<string, readonly Cells[]> {
  return new Map([...newest(records)].map(([id, record]) => [id, [record]]));
}

/** G10: a table that the run loads contains every record in its current version. It may also contain deleted ones. */
export function checkTable(table: ReadonlyMap<string, Cells>, object: string, account: Account): Findings {
  const truth = rowsOf(account, object);
  const [...ids] = table.keys();
  const held = comparable([...table.values()], object, account);
  const records = new Map(ids.map((id, i) => [id, held[i]]));
  const wrong = truth.filter((row) => !isDeepStrictEqual(records.get(String(row["id"])), row));
  const [first] = wrong;
  if (first === undefined) return [];
  const found = JSON.stringify(records.get(String(first["id"])) ?? null);
  return [
    `G10 ${object}: ${wrong.length} of ${truth.length} rows of the table are not as they are, first ${found} for ${JSON.stringify(first)}`,
  ];
}

/** G1 G2 at the end: committed windows have no gap, reach the last run's now, and none stays open. */
export function checkCoverage(
  state: State,
  manifests: readonly Manifest[],
  objects: readonly string[],
  account: Pick<Account, "objects"> = {},
): Findings {
  const findings: Findings = [];
  // Pardot's now of the last run. The manifest of a run that was taken over has no objects and this machine's time. Two runs
  // may start in one second, so their names don't give the order.
  const runs = manifests.filter((manifest) => manifest.objects.length > 0);
  const now = Math.max(...runs.map((manifest) => Date.parse(manifest.now)));
  for (const name of objects) {
    const own = objectState(state, name);
    if (own.windows.length > 0) findings.push(`G2 ${name}: ${own.windows.length} windows are still open`);
    const object = objectIn(account, name);
    if (object?.watermark === null) continue;
    const end = object?.way.api === "v5" ? now - V5_LAG_MS : now;
    const named = windowsOf(manifests, name);
    if (named.length !== 1) findings.push(`G1 ${name}: committed windows leave gaps: ${named.map(show).join(", ")}`);
    if ((named.at(-1)?.to ?? 0) < end)
      findings.push(`G1 ${name}: nothing is committed up to ${new Date(end).toISOString()}`);
    if (own.coverage.length !== 1)
      findings.push(`G2 ${name}: the state's coverage is ${own.coverage.map(show).join(", ")}`);
  }
  return findings;
}

/** G2 at the end: a manifest lists every file in an object's folder. */
export function checkAccounted(destination: Destination, manifests: readonly Manifest[]): Findings {
  const named = new Set(manifests.flatMap(filesOf).map(({ key }) => key));
  return destination.keys
    .filter((key) => !key.startsWith("_pardot_etl/") && !named.has(key))
    .map((key) => `G2 ${key}: landed, and no manifest names it`);
}

/** G3: while the journal has an open export for a window, no other is created. `entries`: the journal from its start. */
export function checkExports(entries: readonly string[]): Findings {
  const findings: Findings = [];
  const open = new Map<string, string>();
  const close = (window: string): void => {
    for (const key of open.keys()) if (key.startsWith(`${window}#`)) open.delete(key);
  };
  for (const entry of entries) {
    const { snapshot, changes = [] } = JSON.parse(entry) as JournalEntry;
    if (snapshot !== undefined) {
      open.clear();
      for (const { id, exports } of Object.values(snapshot.objects).flatMap(({ windows }) => windows)) {
        for (const { group, exportId } of exports) open.set(`${id}#${group}`, exportId);
      }
    }
    for (const change of changes) {
      const { type, window = "", group = 0, exportId = "" } = change;
      const key = `${window}#${group}`;
      if (type === "export-created") {
        const known = open.get(key);
        if (known !== undefined)
          findings.push(`G3 export ${exportId} was created for ${key}, which ${known} is open for`);
        open.set(key, exportId);
      }
      if (type === "export-lost") open.delete(key);
      if (type === "dropped") close(window);
      if (type === "committed") for (const id of (change.windows ?? []) as readonly string[]) close(id);
    }
  }
  return findings;
}

/** G8: no secret in stored data or messages. */
export function checkSecrets(
  destination: Destination,
  messages: readonly string[],
  secrets: Iterable<string>,
): Findings {
  const findings: Findings = [];
  const places: [string, string][] = [
    ...destination.keys.map((key): [string, string] => [
      key,
      Buffer.from(destination.bytes(key) ?? []).toString("latin1"),
    ]),
    ...messages.map((text): [string, string] => ["a message", text]),
  ];
  for (const secret of secrets) {
    for (const [place, text] of places) if (text.includes(secret)) findings.push(`G8 ${place} contains a secret`);
  }
  return findings;
}
