/** A defect that somebody could put into the sources one day, and that the harness has to notice. */
export interface Defect {
  readonly name: string;
  /** What goes wrong with it. */
  readonly harm: string;
  readonly file: string;
  /** Texts that stand in the file exactly once, and what takes their places. */
  readonly edits: readonly { readonly find: string; readonly put: string }[];
}

export const DEFECTS: readonly Defect[] = [
  {
    name: "state before manifest",
    harm: "a kill between the two leaves windows that are covered and that no manifest names",
    file: "src/run/finish.ts",
    edits: [
      {
        find: "  const outcome = await input.storage.create(key, manifestBytes(manifest), signal);",
        put: '  await input.journal.record(commitChanges(input, key).filter(({ type }) => type === "committed"));\n  const outcome = await input.storage.create(key, manifestBytes(manifest), signal);\n  if (outcome === "written") return { manifest, key };',
      },
    ],
  },
  {
    name: "strict bound",
    harm: "records of the very second at which a window begins are in none",
    file: "src/time/zone.ts",
    edits: [
      {
        find: "  const text = toLocal(from - SECOND_MS, zone);\n",
        put: '  const text = toLocal(from, zone);\n  if (text !== "") return text;\n',
      },
    ],
  },
  {
    name: "wrong retry",
    harm: "one empty page in mid-run ends the reading, and all that comes after it is lost",
    file: "src/extract/pages.ts",
    edits: [{ find: "        page = await settled(ahead);\n      }", put: "        await settled(ahead);\n      }" }],
  },
  {
    name: "no lease check at commit",
    harm: "a run that slept while another took over commits a manifest when it wakes up",
    file: "src/run/run.ts",
    edits: [{ find: "  await lease.check();\n", put: "" }],
  },
  {
    name: "trusting a short body",
    harm: "an export file that ends within a record is landed as if it were whole",
    file: "src/encode/csv-scan.ts",
    edits: [
      {
        find: "if (fields < this.#columns) throw this.#incomplete(`the file ends after ${fields} of ${this.#columns} fields`);",
        put: "if (fields >= this.#columns)",
      },
    ],
  },
  {
    name: "uncounted retry call",
    harm: "requests that are sent again are not in the ledger, and the budget is exceeded",
    file: "src/pardot/caller.ts",
    edits: [
      {
        find: "      await options.budget.take(call.kind, signal);\n",
        put: "      if (!counted.has(call)) await options.budget.take(call.kind, signal);\n      counted.add(call);\n",
      },
      {
        find: "  const byKind = new Map<string, number>();\n",
        put: "  const byKind = new Map<string, number>();\n  const counted = new WeakSet<object>();\n",
      },
    ],
  },
];
