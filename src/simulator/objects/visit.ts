/**
 * Visit, with its page views nested (vendor docs, visits; recorded: Crim/pardot-java-client visitQuery.xml, visitRead.xml).
 * A query needs ids of visits, visitors or prospects, and pages by limit and offset only.
 */
import { hashText, mix, pick } from "../account/random.ts";
import { CREATED_AT, defineObject, idFilter, integer, plainFields, text, UPDATED_AT } from "../account/model.ts";
import type { Body, BodyContext, ModelColumn, ModelFilter, ObjectModel, RowKey, World } from "../account/model.ts";
import { someText } from "../account/text.ts";
import { someId } from "./links.ts";

const PARAMETERS = ["campaign", "medium", "source", "content", "term"].map((name) => `${name}_parameter`);
const COLUMNS: readonly ModelColumn[] = [
  ...["id", "visitor_id", "prospect_id", "visitor_page_view_count"].map(integer),
  { name: "first_visitor_page_view_at", kind: "datetime" },
  { name: "last_visitor_page_view_at", kind: "datetime" },
  integer("duration_in_seconds"),
  ...PARAMETERS.map(text),
  CREATED_AT,
  UPDATED_AT,
];
const SALT = hashText("Visit");
const VIEW_SALT = hashText("VisitorPageView");
/** Longer lists are refused; clients send chunks of 200. */
const IDS_MAX = 200;

export function visitorOfVisit(index: number, world: World): number | null {
  return someId("Visitor", mix(mix(mix(world.seed, SALT), index), 1), world);
}

/** Index of the visit that a page view belongs to. Later ones belong to none, so that no visit changes unnoticed. */
export function visitOfView(view: number, world: World): number | null {
  const visits = world.baseRows("Visit");
  return visits === 0 || view >= world.baseRows("VisitorPageView") ? null : view % visits;
}

export interface PageView {
  readonly url: string;
  readonly title: string | null;
}

export function pageViewOf(view: number, world: World): PageView {
  const hash = mix(mix(world.seed, VIEW_SALT), view);
  const url = pick(
    ["https://www.acme.test/", "https://www.acme.test/caf\u00E9?q=%20&x=1#a,b", "https://www.acme.test/007/"],
    hash,
  );
  return { url: `${url}${mix(hash, 1) % 1_000}`, title: mix(hash, 2) % 4 === 0 ? null : someText(mix(hash, 3)) };
}

function viewIndexes(visit: number, world: World): number[] {
  const [visits, views] = [world.baseRows("Visit"), world.baseRows("VisitorPageView")];
  const count = visit < visits ? Math.ceil((views - visit) / visits) : 0;
  return Array.from({ length: Math.max(0, count) }, (_, n) => visit + n * visits);
}

function viewNodes(row: RowKey, { world, zone }: BodyContext): Body | null {
  const views = viewIndexes(row.index, world).map((view) => ({
    id: world.idOf("VisitorPageView", view),
    ...pageViewOf(view, world),
    created_at: zone.text(world.createdAt("VisitorPageView", view)),
  }));
  return views.length === 0 ? null : { visitor_page_view: views };
}

const ids = (name: string, code: number, column: string): ModelFilter => ({
  ...idFilter(name, code, column),
  idsMax: IDS_MAX,
});

export const VISIT: ObjectModel = defineObject({
  name: "Visit",
  columns: COLUMNS,
  body: [
    ...plainFields(COLUMNS.map(({ name }) => name)),
    { name: "visitor_page_views", nested: (_values, row, context) => viewNodes(row, context) },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const seconds = mix(mix(hash, 2), row.revision) % 3_600;
    const bare = mix(hash, 3) % 9 === 0;
    const changed = (value: number): number | null => (bare ? null : value);
    return [
      row.id,
      visitorOfVisit(row.index, world),
      mix(hash, 4) % 5 < 2 ? someId("Prospect", mix(hash, 5), world) : null,
      changed(viewIndexes(row.index, world).length),
      changed(row.created),
      changed(row.created + seconds),
      changed(seconds),
      ...PARAMETERS.map((_, n) => (mix(hash, 10 + n) % 2 === 0 ? null : someText(mix(hash, 20 + n)))),
      row.created,
      row.updated,
    ];
  },
  ranges: [],
  pagesByOffset: true,
  requiresOneOf: ["ids", "visitor_ids", "prospect_ids"],
  filters: [ids("ids", 48, "id"), ids("visitor_ids", 24, "visitor_id"), ids("prospect_ids", 3, "prospect_id")],
  sortKeys: [],
  defaultSort: "id",
  unknownIdCode: 48,
});
