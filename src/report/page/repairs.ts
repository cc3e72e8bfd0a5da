import { SILENT } from "../../operations/usual-rows.ts";
/** The command that repairs, or that shows what to repair, by the code of an error; null: none does. */
export function repairOf(code: string | null, exitCode: number | null, objects: readonly string[]): string {
  switch (code) {
    case "warehouse.table-missing":
    case "warehouse.column-missing":
      return withObjects("pardot-etl ddl", objects);
    case "state.missing":
      return "pardot-etl run --full";
    case "lease.held":
      return "pardot-etl status";
    default:
      return exitCode === 2 || exitCode === 3 || exitCode === 7 ? "pardot-etl check" : "pardot-etl run";
  }
}

/** The command that shows more about a warning; null if none does. */
export function inspectionOf(code: string, objects: readonly string[]): string | null {
  if (code === "fields.appeared") return `${withObjects("pardot-etl ddl", objects)} --live`;
  if (code === "warehouse.column-missing-in-table") return `${withObjects("pardot-etl ddl", objects)} --diff`;
  if (code.startsWith("fields.")) return `${withObjects("pardot-etl objects", objects)} --live`;
  if (/^(?:manifest|warehouse|run\.left)/.test(code)) return "pardot-etl verify";
  if (/^(?:auth|clock|notify)\./.test(code)) return "pardot-etl check";
  if (code === "run.gap") return "pardot-etl run";
  if (code === SILENT) return withObjects("pardot-etl plan", objects);
  return null;
}

/** A command for some objects. Their names may come from a damaged document: others than ours are left out. */
export function withObjects(command: string, objects: readonly string[]): string {
  const names = objects.filter(isName);
  return [command, ...(names.length === objects.length ? names : [])].join(" ");
}

/** Whether a text may be an object's name, and nothing that a shell understands. */
export function isName(text: string): boolean {
  return /^[A-Za-z]\w*$/.test(text);
}
