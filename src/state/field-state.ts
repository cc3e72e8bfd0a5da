/**
 * The state of an object's fields between runs: the custom ones in the order in which they were first seen, the fields
 * that Pardot listed last, and those it refused. Pure, like all of the state.
 */
export interface FieldState {
  /** Only ever appended, so that a column never changes its place in a file. */
  readonly custom: readonly CustomField[];
  /** Names of the fields that Pardot listed last; null: never requested. */
  readonly listed: readonly string[] | null;
  /** The same as of the last committed manifest: the difference is drift that is not reported yet. */
  readonly reported: readonly string[] | null;
  /** Fields that Pardot refuses to return, in the order in which they were found. */
  readonly refused: readonly string[];
  /** Export procedures that Pardot refuses. */
  readonly refusedProcedures: readonly string[];
  /**
   * Parameters of API v5 that Pardot refuses or ignores: `idGreaterThan`, `orderBy=id`, `deleted`, and `updatedAt` for the
   * filter by that date. Default none.
   */
  readonly refusedParameters?: readonly string[];
  /** Dates whose filter Pardot was found to ignore, as reported: it is still sent. Default none. */
  readonly ignoredFilters?: readonly string[];
}

export interface CustomField {
  /** The name in Pardot's responses and export files. */
  readonly field: string;
  /** The name in our files and tables: another one only if two would differ in nothing but case. */
  readonly column: string;
}

export interface FieldDrift {
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

export type FieldChange =
  | {
      readonly type: "fields-seen";
      readonly object: string;
      readonly listed: readonly string[];
      /** Custom fields seen for the first time. */
      readonly added: readonly CustomField[];
    }
  | { readonly type: "fields-reported"; readonly object: string }
  | { readonly type: "fields-refused"; readonly object: string; readonly fields: readonly string[] }
  | { readonly type: "procedure-refused"; readonly object: string; readonly procedure: string }
  | { readonly type: "parameter-refused"; readonly object: string; readonly parameter: string }
  | { readonly type: "filter-ignored"; readonly object: string; readonly filter: string }
  | { readonly type: "refusals-forgotten"; readonly object: string };

export const NO_FIELDS: FieldState = {
  custom: [],
  listed: null,
  reported: null,
  refused: [],
  refusedProcedures: [],
};

/** The memory after one change. Idempotent. */
export function applyFieldChange(memory: FieldState, change: FieldChange): FieldState {
  switch (change.type) {
    case "fields-seen": {
      const known = new Set(memory.custom.map(({ field }) => field));
      const added = change.added.filter(({ field }) => !known.has(field));
      return { ...memory, listed: change.listed, custom: [...memory.custom, ...added] };
    }
    case "fields-reported":
      return { ...memory, reported: memory.listed };
    case "fields-refused":
      return { ...memory, refused: union(memory.refused, change.fields) };
    case "procedure-refused":
      return { ...memory, refusedProcedures: union(memory.refusedProcedures, [change.procedure]) };
    case "parameter-refused":
      return { ...memory, refusedParameters: union(memory.refusedParameters ?? [], [change.parameter]) };
    case "filter-ignored":
      return { ...memory, ignoredFilters: union(memory.ignoredFilters ?? [], [change.filter]) };
    case "refusals-forgotten": {
      const { refusedParameters: _parameters, ignoredFilters: _filters, ...rest } = memory;
      return { ...rest, refused: [], refusedProcedures: [] };
    }
  }
}

/** Whether Pardot has refused or ignored anything that `refusals-forgotten` would try again. */
export function hasRefusals(memory: FieldState): boolean {
  const { refused, refusedProcedures, refusedParameters = [], ignoredFilters = [] } = memory;
  return [refused, refusedProcedures, refusedParameters, ignoredFilters].some((list) => list.length > 0);
}

/** The fields that appeared and vanished since the last manifest. The first listing is not drift. */
export function driftOf(memory: FieldState): FieldDrift {
  const { reported, listed } = memory;
  if (reported === null || listed === null) return { appeared: [], vanished: [] };
  const [before, now] = [new Set(reported), new Set(listed)];
  return {
    appeared: listed.filter((name) => !before.has(name)),
    vanished: reported.filter((name) => !now.has(name)),
  };
}

function union(known: readonly string[], added: readonly string[]): readonly string[] {
  return [...new Set([...known, ...added])];
}
