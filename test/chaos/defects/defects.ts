/** A possible future defect of the sources that the harness has to catch. */
export interface Defect {
  readonly name: string;
  /** Its consequence. */
  readonly harm: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly file: string;
  /** Text that is in the file exactly once, and its replacement. */
  readonly find: string;
  readonly put: string;
}

export const DEFECTS: readonly Defect[] = [
  {
    name: "state before manifest",
    harm: "a kill between the two leaves windows that are covered but in no manifest",
    edits: [
      {
        file: "src/operations/run/commit.ts",
        find: "  const outcome = await run.storage.create(key, manifestBytes(manifest), NEVER);",
        put: '  await run.journal.record(commitChanges(run, key).filter(({ type }) => type === "committed"));\n  const outcome = await run.storage.create(key, manifestBytes(manifest), NEVER);\n  if (outcome === "written") return { manifest, key };',
      },
    ],
  },
  {
    name: "strict bound",
    harm: "records of the exact second at which a window starts are in no window, above all the oldest record",
    edits: [
      // The margin of a history hides it, except for records at the seam of two windows.
      {
        file: "src/plan/range.ts",
        find: "isMeant ? created - OLDEST_MARGIN_MS : HISTORY_FLOOR",
        put: "isMeant ? created : HISTORY_FLOOR",
      },
      {
        file: "src/time/zone.ts",
        find: "  const text = toLocal(from - SECOND_MS, zone);\n",
        put: '  const text = toLocal(from, zone);\n  if (text !== "") return text;\n',
      },
    ],
  },
  {
    name: "wrong retry",
    harm: "one false empty page ends the reading, and everything after it is lost",
    edits: [
      {
        file: "src/extract/pages/pages.ts",
        find: "        if (await end.isAtEmpty(",
        put: '        if (cursor !== "" || await end.isAtEmpty(',
      },
    ],
  },
  {
    name: "no lease check at commit",
    harm: "a run that slept while another took over commits a manifest when it wakes up",
    edits: [
      {
        file: "src/operations/run/commit.ts",
        find: "  await run.lease.check();\n",
        put: "",
      },
      {
        file: "src/operations/run/recover.ts",
        find: "  const outcome = await storage.create(key, manifestBytes(manifest), drain);\n",
        put: '  const outcome = "written";\n',
      },
    ],
  },
  {
    name: "trusting a short body",
    harm: "an export file that ends inside a record is landed as complete",
    edits: [
      {
        file: "src/encode/csv-scan.ts",
        find: "    if (state !== RECORD_START) {\n",
        put: "    if (state !== RECORD_START && this.#field + 1 >= this.#columns) {\n",
      },
    ],
  },
  {
    name: "uncounted retry call",
    harm: "repeated requests are not in the ledger, and the budget is exceeded",
    edits: [
      {
        file: "src/pardot/caller.ts",
        find: "      await budget.take(call.kind, signal);\n",
        put: "      if (!this.#counted.has(call)) await budget.take(call.kind, signal);\n      this.#counted.add(call);\n",
      },
      {
        file: "src/pardot/caller.ts",
        find: "  readonly #byKind = new Map<string, number>();\n",
        put: "  readonly #byKind = new Map<string, number>();\n  readonly #counted = new WeakSet<object>();\n",
      },
    ],
  },
  {
    name: "header not looked at",
    harm: "a text, or the columns of another object, is landed as rows of nulls, and its window is completed",
    edits: [
      {
        file: "src/land/result-header.ts",
        find: "  if (lacking.length > 0) throw",
        put: "  if (lacking.length > needed.length) throw",
      },
      {
        file: "src/land/result-header.ts",
        find: "  if (2 * missing.length >= fields.length || ",
        put: "  if (missing.length > fields.length && ",
      },
    ],
  },
  {
    name: "short page as the end",
    harm: "one page with fewer records than its limit ends the reading, and everything after it is lost",
    edits: [
      {
        file: "src/extract/pages/pages.ts",
        find: "      const { records, total, end: pageEnd, token, hidesValues } = page;\n",
        put: '      const { records, total, token, hidesValues } = page;\n      const pageEnd = records.length > 0 && records.length < limit ? "end" : page.end;\n',
      },
    ],
  },
  {
    name: "no date, no history",
    harm: "an oldest record without a usable date counts as no record, and the whole history is covered unread",
    edits: [
      {
        file: "src/plan/range.ts",
        find: " ? created - OLDEST_MARGIN_MS : HISTORY_FLOOR;",
        put: " ? created - OLDEST_MARGIN_MS : history.to;",
      },
    ],
  },
  {
    name: "planned over open windows",
    harm: "a history stopped after its first window is planned, exported and landed again",
    edits: [
      {
        file: "src/operations/run/windows.ts",
        find: "  const covering = [...open.filter((window) => coversAll(object, window, range, request)), ...windows];\n",
        put: "  const covering = [...open.filter((window) => coversAll(object, window, range, request)), ...windows].slice(0, 0);\n",
      },
    ],
  },
  {
    name: "landed and not named",
    harm: "the manifest misses the files of windows that a stop or a limit cut, and they are not landed again",
    edits: [
      {
        file: "src/operations/run/commit.ts",
        find: "  for (const window of windows) {\n",
        put: "  for (const window of windows.filter(({ done }) => done)) {\n",
      },
    ],
  },
  {
    name: "loaded in the order of commits",
    harm: "a window that stays open for days puts older versions over newer ones in the table",
    edits: [
      {
        file: "src/operations/run/load-object.ts",
        find: "  const { key, rows, runId, readAt } = file;\n",
        put: "  const { key, rows, runId } = file;\n  const readAt = null;\n",
      },
      {
        file: "src/operations/run/loadable.ts",
        find: "    files: files.toSorted((a, b) => (a.readAt ?? -Infinity) - (b.readAt ?? -Infinity) || 0),\n",
        put: "    files,\n",
      },
    ],
  },
];
