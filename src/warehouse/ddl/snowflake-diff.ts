import { formatOf } from "../../encode/formats.ts";
import { formatNumber, pluralize } from "../../text.ts";
import type { Schema } from "../warehouse.ts";
import { snowflakeDdl } from "./snowflake.ts";
import type { SnowflakeDdl } from "./snowflake.ts";
import { copyFiles, deleteFiles, MANIFESTS } from "./snowflake-load.ts";
import { LOADED, PROOF_VIEWS } from "./snowflake-proof.ts";
import { addedColumns, isMetadata, tableColumns, viewColumns, viewName } from "./snowflake-tables.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { upper } from "./statement.ts";

/** What a schema lacks of what `ddl` prints, as statements. */

const FILE = "_PARDOT_ETL_FILE";
const LOADED_AT = "_PARDOT_ETL_LOADED_AT";

/** Names of files in one statement, at most (vendor docs, COPY INTO). */
const FILES_MAX = 1000;

/** Files of an object that have columns which its table lacks. */
export interface CarryingFiles {
  /** Names, without the folder, of those that are in the table. */
  readonly loaded: readonly string[];
  /** How many are in the table and no longer in the destination. */
  readonly gone: number;
}

export interface SnowflakeDiff extends Omit<SnowflakeDdl, "withAccount"> {
  readonly found: Schema;
  /** By the object's name, for tables that lack columns and record their files. */
  readonly carrying: ReadonlyMap<string, CarryingFiles>;
}

/** The columns that a table lacks, in upper case; null when the whole table is missing. */
export function lackingColumns(object: DdlObject, found: Schema): ReadonlySet<string> | null {
  const columns = columnsIn(found, object.table);
  if (columns === null) return null;
  return new Set(tableColumns(object).filter((name) => !columns.has(name)));
}

/** Whether a table can say which files it has: the query needs both columns. */
export function recordsFiles({ table }: DdlObject, found: Schema): boolean {
  const columns = columnsIn(found, table);
  return columns?.has(FILE) === true && columns.has(LOADED_AT);
}

/** The columns of a table or view, in upper case: COPY finds them in any case. Null: there is none of the name. */
function columnsIn(found: Schema, name: string): ReadonlySet<string> | null {
  const columns = found.get(upper(name));
  return columns === undefined ? null : new Set([...columns].map(upper));
}

/**
 * Only what is missing: tables, columns, views that are missing or have other columns, and the load of files that have a
 * new column already. Formats, stage, pipes and task come with a missing table: whether they exist is not visible to a
 * role that may only read.
 */
export function snowflakeDiff(input: SnowflakeDiff): readonly Statement[] {
  const { objects, others, found, carrying } = input;
  const isMissing = (name: string): boolean => columnsIn(found, name) === null;
  const hasNew = [...objects.map(({ table }) => table), MANIFESTS].some(isMissing);
  const needsProof = hasNew || PROOF_VIEWS.some(isMissing);
  const isCounted = (object: DdlObject): boolean => ![...(lackingColumns(object, found) ?? [])].some(isMetadata);
  const needsLoaded = needsProof || !objects.every(isCounted);
  const stale = objects.filter((object) => isStale(object, found));
  const views = new Set(stale.map(viewName));
  const gone = new Set(stale.map(({ deletes }) => (deletes?.by === "table" ? deletes.table : null)));
  // Views read tables of other objects, too: all of them, or that of deleted records; and the columns that name files.
  const read = others.filter(({ table }) => needsLoaded || gone.has(table));
  const created = new Set([...objects, ...read].map(({ table }) => upper(table)).filter(isMissing));
  const ofNew = new Set(objects.filter(({ table }) => created.has(upper(table))).map(({ name }) => name));
  const pieces = snowflakeDdl({ ...input, withAccount: false }).filter(({ kind, name, object }) => {
    switch (kind) {
      case "table":
        return name === MANIFESTS ? isMissing(MANIFESTS) : created.has(name);
      case "view":
        if (name === LOADED) return needsLoaded;
        return PROOF_VIEWS.includes(name) ? needsProof : views.has(name);
      case "pipe":
        return object === undefined ? isMissing(MANIFESTS) : ofNew.has(object);
      case "file format":
      case "stage":
      case "procedure":
      case "task":
        return hasNew;
      default:
        return false;
    }
  });
  const isView = ({ kind }: Statement): boolean => kind === "view";
  const unproven = new Map(
    objects
      .filter((object) => input.load !== "none" && isMissing(viewName(object)) && !isMissing(object.table))
      .map((object): [string, string] => [viewName(object), object.name]),
  );
  const noted = (view: Statement): Statement => {
    const name = unproven.get(view.name);
    return name === undefined ? view : { ...view, note: loadIsUnknown(name) };
  };
  const altered = [
    ...objects.flatMap((object) => alter(object, found, carrying.get(object.name))),
    ...read.flatMap((object) => addMetadata(object, found)),
  ];
  const missing = [...pieces.filter((each) => !isView(each)), ...altered, ...pieces.filter(isView).map(noted)];
  const { schema } = input;
  if (missing.length === 0 || schema === null) return missing;
  return [{ kind: "use", name: schema, sql: `USE SCHEMA ${schema}` }, ...missing];
}

function isStale(object: DdlObject, found: Schema): boolean {
  const columns = columnsIn(found, viewName(object));
  const wanted = viewColumns(object);
  return columns === null || columns.size !== wanted.length || wanted.some((name) => !columns.has(name));
}

/** The columns of the metadata that a table lacks. */
function addMetadata(object: DdlObject, found: Schema): readonly Statement[] {
  const lacking = [...(lackingColumns(object, found) ?? [])].filter(isMetadata);
  return lacking.length === 0 ? [] : addedColumns(object, new Set(lacking));
}

/** The columns that a table lacks, and the load of the files that have them already. */
function alter(object: DdlObject, found: Schema, files: CarryingFiles | undefined): readonly Statement[] {
  const lacking = lackingColumns(object, found);
  if (lacking === null || lacking.size === 0) return [];
  const [first, ...rest] = addedColumns(object, lacking);
  if (first === undefined) return [];
  const hasOwn = [...lacking].some((name) => !isMetadata(name));
  const note = !hasOwn || files !== undefined ? undefined : lacking.has(FILE) ? NO_FILES : NO_TIMES;
  return [
    { ...first, ...(note === undefined ? {} : { note }) },
    ...rest,
    ...(files === undefined ? [] : reload(object, files)),
  ];
}

const NO_FILES =
  "The rows of this table do not name their files, so that rows from before keep null in the new columns.";

const NO_TIMES = `Run the statement for ${LOADED_AT} alone, and then ddl --diff again: it also prints the load of the files that have the new columns already. Without that, rows from before keep null in them.`;

/** A table without its view may be there only because `ddl` of another object created it for the views over all tables. */
function loadIsUnknown(name: string): string {
  return `Whether anything loads this table is not compared. If nothing does, run what \`pardot-etl ddl ${name}\` prints.`;
}

/** Loads files again in one transaction: readers see each row once. */
function reload(object: DdlObject, { loaded, gone }: CarryingFiles): readonly Statement[] {
  if (loaded.length === 0) return [];
  const name = upper(object.table);
  const lost = gone === 0 ? "" : ` Rows of ${pluralize(gone, "more file")} keep null: the files have expired.`;
  const note = `Load the ${pluralize(loaded.length, "file")} again that had the new columns before the table; ${formatNumber(FILES_MAX)} files in a statement at most.${lost}`;
  const formats = Map.groupBy(loaded, (file) => formatOf(file).name);
  const steps = [...formats].flatMap(([format, files]) =>
    inStatements(files).flatMap((some): Statement[] => [
      { kind: "delete", name, sql: deleteFiles(object, some) },
      { kind: "load", name, sql: copyFiles(object, format, some) },
    ]),
  );
  return [{ kind: "begin", name, sql: "BEGIN", note }, ...steps, { kind: "commit", name, sql: "COMMIT" }];
}

function inStatements(files: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(files.length / FILES_MAX) }, (_, at) =>
    files.slice(at * FILES_MAX, (at + 1) * FILES_MAX),
  );
}
