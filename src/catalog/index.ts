import type { CatalogObject } from "./catalog.ts";
import { account } from "./objects/account.ts";
import { tag } from "./objects/tag.ts";
import { visitorActivity } from "./objects/visitor-activity.ts";

/**
 * Every object this version extracts, in plan order: the exports first, because Pardot works them off one after
 * another while the queries go on beside them.
 */
export const catalog: readonly CatalogObject[] = [visitorActivity, tag, account];
