/** Links from rows of one object to rows of another, and the few values that nested records show. */
import { hashText, mix, pick } from "../account/random.ts";
import type { BodyField, World } from "../account/model.ts";
import { NASTY, plainText, uniqueName } from "../account/text.ts";

/** Id of one of an object's initial rows, null if it has none. */
export function someId(object: string, hash: number, world: World): number | null {
  const rows = world.baseRows(object);
  return rows === 0 ? null : world.idOf(object, hash % rows);
}

/** A campaign's name never changes: other rows show it, and their updated_at would not move with it. */
export function campaignName(id: number, world: World): string {
  const index = world.indexOf("Campaign", id);
  return uniqueName(index, mix(mix(world.seed, hashText("Campaign")), index));
}

/** `campaign` as a node in full and simple outputs, `campaign_id` in the others (recorded: Crim/pardot-java-client). */
export function campaignField(campaignId: number): readonly [node: BodyField, id: BodyField] {
  return [
    {
      name: "campaign",
      outputs: ["full", "simple"],
      absentWhenNull: true,
      nested: (values, _row, { world }) => {
        const id = values[campaignId];
        return typeof id === "number" ? { id, name: campaignName(id, world) } : null;
      },
    },
    { name: "campaign_id", outputs: ["bulk", "mobile"], absentWhenNull: true },
  ];
}

/** Values of a prospect that other records show. They never change. */
export interface ProspectIdentity {
  readonly first_name: string | null;
  readonly last_name: string;
  readonly email: string | null;
  readonly company: string | null;
}

const FIRST_NAMES: readonly [string, ...string[]] = [
  "Ada",
  "Zo\u00EB",
  "Jos\u00E9",
  "Mary Ann",
  "\u674E",
  "O'Neil",
  "J\u00FCrgen",
  "Anne-Marie",
];

export function prospectIdentity(index: number, world: World): ProspectIdentity {
  const hash = mix(mix(world.seed, hashText("Prospect identity")), index);
  const first = pick(FIRST_NAMES, hash);
  return {
    first_name: mix(hash, 1) % 9 === 0 ? null : first,
    last_name: mix(hash, 2) % 7 === 0 ? pick(NASTY, mix(hash, 3)).trim() : plainText(mix(hash, 4)),
    // In accounts of version 4 several prospects may share an address (vendor docs, prospects).
    email: mix(hash, 5) % 50 === 0 ? "shared@example.com" : `person+${index}@example.com`,
    company: mix(hash, 6) % 4 === 0 ? null : `${plainText(mix(hash, 7))}, Inc. "${mix(hash, 8) % 100}"`,
  };
}
