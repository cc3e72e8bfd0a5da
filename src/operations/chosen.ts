import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";

/** The objects of a run, in plan order. */
export function chosenObjects(config: Pick<Config, "catalog" | "etl">): CatalogObject[] {
  return config.catalog.filter((object) => config.etl.objects.includes(object.name));
}
