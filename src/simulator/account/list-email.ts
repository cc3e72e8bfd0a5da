/** List e-mails: which one an e-mail to one recipient belongs to. */
import { slotsOf } from "./activity-kind.ts";
import { hashText, mix } from "./dice.ts";
import type { World } from "./model.ts";

const SALT = hashText("one-to-one");

interface Spread {
  readonly listEmails: number;
  readonly slots: number;
  readonly perListEmail: number;
  /** Slots per list e-mail among those that came with the days. */
  readonly perNew: number;
}

function spread(world: World): Spread {
  const listEmails = Math.max(1, world.baseRows("ListEmail"));
  const slots = Math.max(1, slotsOf(world.baseRows("VisitorActivity")));
  const perListEmail = Math.max(1, Math.ceil(slots / listEmails));
  return { listEmails, slots, perListEmail, perNew: Math.max(2, Math.floor(perListEmail / 8)) };
}

/** Place of the list e-mail of a slot: runs of neighbouring slots share one; new activities bring new list e-mails. */
export function listEmailIndex(slot: number, world: World): number {
  const { listEmails, slots, perListEmail, perNew } = spread(world);
  return slot < slots ? Math.floor(slot / perListEmail) : listEmails + Math.floor((slot - slots) / perNew);
}

/** The first slot of a list e-mail, by its place. */
export function firstSlotOf(listEmail: number, world: World): number {
  const { listEmails, slots, perListEmail, perNew } = spread(world);
  return listEmail < listEmails ? listEmail * perListEmail : slots + (listEmail - listEmails) * perNew;
}

/** A mail to one recipient alone, not part of a list e-mail: one in nine. */
export function isOneToOne(slot: number, world: World): boolean {
  return mix(mix(world.seed, SALT), slot) % 9 === 0;
}

/** Null for one-to-one mail. */
export function listEmailOfSlot(slot: number, world: World): number | null {
  return isOneToOne(slot, world) ? null : world.idOf("ListEmail", listEmailIndex(slot, world));
}
