/** Account: one record, read only (vendor docs, accounts; recorded: Crim/pardot-java-client accountRead.xml). */
import { hashText, mix, pick } from "../account/random.ts";
import { CREATED_AT, defineObject, integer, text, UPDATED_AT } from "../account/model.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, World } from "../account/model.ts";

const COLUMNS: readonly ModelColumn[] = [
  integer("id"),
  ...["company", "level", "website", "vanity_domain"].map(text),
  integer("plugin_campaign_id"),
  ...["tracking_code_template", "address1", "address2", "city", "state", "territory", "zip", "country"].map(text),
  ...["phone", "fax"].map(text),
  CREATED_AT,
  UPDATED_AT,
];

// Carriage returns as recorded (`&#13;` in the XML), and all characters that XML must escape.
const TRACKING_CODE = [
  "piAId = '770002';",
  "piCId = '4101';",
  "",
  "(function() {",
  "\tfunction load() {",
  '\t\tif (1 < 2 && document.body != null) { /* \u{1F680} "go" */ }',
  "\t\tvar s = document.createElement('script'); s.src = 'https://go.acme.test/pd.js';",
  "\t}",
  "\twindow.addEventListener('load', load, false);",
  "})();",
].join("\r\n");

function make(row: RowKey, world: World): readonly Value[] {
  const hash = mix(world.seed, hashText("Account"));
  const company = `${pick(["Acme", "M\u00FCller", "O'Hara"], hash)} & Sons, "Ltd"`;
  return [
    row.id,
    row.revision === 0 ? company : `${company} (${row.revision})`,
    "Plus Edition",
    "https://www.acme.test/?a=1&b=2",
    "http://go.acme.test",
    world.idOf("Campaign", 0),
    TRACKING_CODE,
    "1 Main Street,\nSuite 7",
    null,
    "Boston",
    "MA",
    null,
    "02190",
    "United States",
    "15555555555",
    null,
    row.created,
    row.updated,
  ];
}

export const ACCOUNT: ObjectModel = defineObject({
  name: "Account",
  columns: COLUMNS,
  body: COLUMNS.map(({ name }) => ({ name, pairWhenNull: true })),
  make,
  operations: ["read"],
  ranges: [],
  sortKeys: [],
  defaultSort: "id",
  daily: () => ({ added: 0, changed: 1, deleted: 0 }),
});
