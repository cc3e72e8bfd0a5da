import type { CatalogObject } from "../../catalog/catalog.ts";
import type { PardotEtlError } from "../../errors.ts";
import { WarehouseError } from "../../errors.ts";

/** A committed file that could not be loaded, and why. */
export interface RefusedFile {
  readonly key: string;
  readonly error: PardotEtlError;
}

/** Files that are named one by one. */
const NAMED_MAX = 5;

/** All files of an object that could not be loaded, as one failure with the code of the first. */
export function refusal(object: CatalogObject, warehouse: string, refused: readonly RefusedFile[]): WarehouseError {
  const causes = refused.slice(0, NAMED_MAX).map(({ key, error }) => {
    // The warehouse says itself what it loaded where; of its words the cause is left.
    const cause = error.message.slice(
      error.message.indexOf(`${warehouse}: `) === -1
        ? 0
        : error.message.indexOf(`${warehouse}: `) + warehouse.length + 2,
    );
    return cause.includes(key) ? cause : `${key}: ${cause}`;
  });
  const others = refused.length > NAMED_MAX ? `; and ${refused.length - NAMED_MAX} more` : "";
  const count = refused.length === 1 ? "1 file" : `${refused.length} files`;
  const [first] = refused;
  const advice = first?.error.hint === undefined ? "" : ` ${first.error.hint}`;
  return new WarehouseError(
    `load ${object.table} into ${warehouse}: ${count} could not be loaded: ${causes.join("; ")}${others}`,
    {
      code: first?.error.code ?? "warehouse.file-refused",
      hint: `The other files are loaded, and the next run offers these again.${advice} To do without a file: pardot-etl verify --accept KEY.`,
      cause: first?.error,
    },
  );
}
