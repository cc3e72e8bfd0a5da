/** All objects of API v5, and the rows of those that v3/v4 lack. */
import { countListEmails, countSends, sentAtOf } from "../../account/email-sends.ts";
import type { RowModel, Value } from "../../account/model.ts";
import { ACCOUNT } from "./account.ts";
import { ASSETS } from "./assets.ts";
import { EMAIL } from "./email.ts";
import type { V5Object } from "./notation.ts";
import { listEmailCreatedAt } from "./own-values.ts";
import { PAGES } from "./pages.ts";
import { PEOPLE } from "./people.ts";
import { valueOf } from "./values.ts";

export const V5_OBJECTS: readonly V5Object[] = [...ACCOUNT, ...ASSETS, ...PAGES, ...EMAIL, ...PEOPLE];

const BY_NAME: ReadonlyMap<string, V5Object> = new Map(V5_OBJECTS.map((object) => [object.name, object]));

export function v5Object(name: string): V5Object | undefined {
  return BY_NAME.get(name);
}

/** Rows never change (vendor docs: no updatedAt, or an entry of a log). */
const APPEND_ONLY = new Set(["Email", "ExternalActivity", "LifecycleHistory", "VisitorPageView"]);

const FOLLOWS: Readonly<Record<string, RowModel["follows"]>> = {
  Email: { rows: (world) => countSends(world.rows("VisitorActivity")), createdAt: sentAtOf },
  ListEmail: { rows: countListEmails, createdAt: listEmailCreatedAt },
};

/** Sent emails stay, and what accounts have few of changes little. */
const DAILY: Readonly<Record<string, RowModel["daily"]>> = {
  Email: () => ({ added: 0, changed: 0, deleted: 0 }),
  LifecycleStage: () => ({ added: 1, changed: 1, deleted: 0 }),
  TrackerDomain: () => ({ added: 1, changed: 1, deleted: 1 }),
};

/** Rows of the objects that only v5 has; `shown` are the names that another version has rows of already. */
export function v5RowModels(shown: ReadonlySet<string>): readonly RowModel[] {
  return V5_OBJECTS.filter(({ name }) => !shown.has(name)).map(rowModel);
}

function rowModel(object: V5Object): RowModel {
  // The heavy fields that only a read returns are made on request.
  const fields = [...object.fields.values()].filter(({ access }) => access === "all");
  const [follows, daily] = [FOLLOWS[object.name], DAILY[object.name]];
  return {
    name: object.name,
    columns: fields.map(({ name, type }) => ({ name, kind: type === "list" || type === "record" ? "json" : type })),
    make: (row, world): readonly Value[] => fields.map((field) => valueOf(object, field, row, world)),
    hasUpdated: !APPEND_ONLY.has(object.name),
    ...(follows === undefined ? {} : { follows }),
    ...(daily === undefined ? {} : { daily }),
  };
}
