/** List e-mails: which one an e-mail to one recipient belongs to. */
import { slotsOf } from "./activity-kind.ts";
import type { World } from "./model.ts";

/** Place of the list e-mail of a slot: runs of neighbouring slots share one; new activities bring new list e-mails. */
export function listEmailIndex(slot: number, world: World): number {
  const listEmails = Math.max(1, world.baseRows("ListEmail"));
  const slots = Math.max(1, slotsOf(world.baseRows("VisitorActivity")));
  const perListEmail = Math.max(1, Math.ceil(slots / listEmails));
  if (slot < slots) return Math.floor(slot / perListEmail);
  return listEmails + Math.floor((slot - slots) / Math.max(2, Math.floor(perListEmail / 8)));
}

export function listEmailOfSlot(slot: number, world: World): number {
  return world.idOf("ListEmail", listEmailIndex(slot, world));
}
