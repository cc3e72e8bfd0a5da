/**
 * The list emails that activities have named, and whether each was read. Some accounts have hundreds of thousands, so
 * an entry is a few characters in one text of its shard; a change copies the texts of the shards it touches and nothing
 * else. The stored form is the same texts.
 */
export interface EmailIndex {
  /** Entries by the last three digits of the list email: ` 905:88031! 1905:88032+0 `. */
  readonly shards: Readonly<Record<number, string>>;
  /** Names of the objects that read list emails; entries hold their places. */
  readonly objects: readonly string[];
  /** Objects that are read again in full: for them, emails in the warehouse do not count. */
  readonly forgotten: readonly string[];
}

export interface IndexedEmail {
  /** The smallest email id seen with it: the representative that is read. */
  readonly emailId: string;
  /**
   * For each object that reads list emails (`Email`, `EmailStats`): the last reading; no entry if it was never read.
   */
  readonly read: ReadonlyMap<string, EmailReading>;
  /** For the objects that read active emails: whether there was activity since. */
  readonly active: boolean;
}

export interface EmailReading {
  readonly outcome: "landed" | "unreadable";
  /** Pardot's time, in whole seconds; 0 for one that landed, of which no time is kept. */
  readonly at: number;
}

/** A list email and one of its emails. */
export interface EmailPair {
  readonly listEmailId: string;
  readonly emailId: string;
}

export interface EmailsRead {
  readonly object: string;
  readonly outcome: EmailReading["outcome"];
  readonly at: string;
  readonly listEmailIds: readonly string[];
  readonly clearsActivity: boolean;
}

export const NO_EMAILS: EmailIndex = { shards: {}, objects: [], forgotten: [] };

/** Whether an id can be Pardot's. Other text is kept out, because it would be requested forever. */
export function isEmailId(id: unknown): id is string {
  return typeof id === "string" && /^\d{1,20}$/.test(id);
}

/** The entry of a list email, null if there is none. */
export function indexedEmail(index: EmailIndex, listEmailId: string): IndexedEmail | null {
  if (!isEmailId(listEmailId)) return null;
  const shard = index.shards[shardOf(listEmailId)] ?? "";
  const start = shard.indexOf(` ${listEmailId}:`);
  if (start < 0) return null;
  const from = start + listEmailId.length + 2;
  return decode(shard.slice(from, shard.indexOf(" ", from)), index.objects);
}

/** Every list email, in no order. */
export function* indexedEmails(index: EmailIndex): Generator<readonly [listEmailId: string, email: IndexedEmail]> {
  for (const shard of Object.values(index.shards)) {
    for (const [listEmailId, text] of entriesOf(shard)) yield [listEmailId, decode(text, index.objects)];
  }
}

/** The index with further pairs of digits: the smallest email id of each list email stays. Ids are of any length. */
export function addPairs(index: EmailIndex, pairs: Iterable<EmailPair>, isActivity: boolean): EmailIndex {
  return edited(index, pairs, (known, { emailId }) => {
    if (!isEmailId(emailId)) return null;
    if (known === null) return { emailId, read: new Map(), active: isActivity };
    return { ...known, emailId: smallerId(known.emailId, emailId), active: isActivity || known.active };
  });
}

/** The index after list emails were read for an object. */
export function markRead(index: EmailIndex, change: EmailsRead): EmailIndex {
  const { object, outcome } = change;
  const at = outcome === "landed" ? 0 : secondsOf(change.at);
  const read = change.listEmailIds.map((listEmailId) => ({ listEmailId }));
  return edited(index, read, (known) => {
    if (known === null) return null;
    const active = known.active && !change.clearsActivity;
    return { ...known, active, read: new Map([...known.read, [object, { outcome, at }]]) };
  });
}

/**
 * The index after an object forgot what it has read. `marksActivity`: it reads active emails, so that all are active.
 */
export function forgetReadings(
  index: EmailIndex,
  { object, marksActivity }: { readonly object: string; readonly marksActivity: boolean },
): EmailIndex {
  const all = Array.from(indexedEmails(index), ([listEmailId]) => ({ listEmailId }));
  const next = edited(index, all, (known) => {
    if (known === null) return null;
    const read = new Map([...known.read].filter(([name]) => name !== object));
    return { ...known, read, active: marksActivity || known.active };
  });
  return { ...next, forgotten: [...new Set([...index.forgotten, object])] };
}

/** The lesser of two ids as numbers: fewer digits first. */
export function smallerId(a: string, b: string): string {
  if (a.length !== b.length) return a.length < b.length ? a : b;
  return a < b ? a : b;
}

/**
 * The index with some list emails edited, one shard after another; the same object if nothing changed. `edit` returns
 * null to leave a list email unchanged. Ids that are not digits are left out.
 */
function edited<T extends Pick<EmailPair, "listEmailId">>(
  index: EmailIndex,
  items: Iterable<T>,
  edit: (known: IndexedEmail | null, item: T) => IndexedEmail | null,
): EmailIndex {
  const byShard = new Map<number, T[]>();
  for (const item of items) {
    if (!isEmailId(item.listEmailId)) continue;
    const number = shardOf(item.listEmailId);
    const group = byShard.get(number);
    if (group === undefined) byShard.set(number, [item]);
    else group.push(item);
  }
  const objects = [...index.objects];
  const changed: [number, string][] = [];
  for (const [number, group] of byShard) {
    const shard = index.shards[number] ?? "";
    const texts = new Map(entriesOf(shard));
    for (const item of group) {
      const text = texts.get(item.listEmailId);
      const next = edit(text === undefined ? null : decode(text, objects), item);
      if (next !== null) texts.set(item.listEmailId, encode(next, objects));
    }
    const text = ` ${Array.from(texts, ([id, entry]) => `${id}:${entry}`).join(" ")} `;
    if (text !== shard && texts.size > 0) changed.push([number, text]);
  }
  return changed.length === 0
    ? index
    : { ...index, shards: { ...index.shards, ...Object.fromEntries(changed) }, objects };
}

/** The entries of a shard, as texts by list email. */
function* entriesOf(shard: string): Generator<[listEmailId: string, text: string]> {
  for (const entry of shard.split(" ")) {
    const colon = entry.indexOf(":");
    if (colon > 0) yield [entry.slice(0, colon), entry.slice(colon + 1)];
  }
}

/** 0 for a text that is not a time: due at once. */
function secondsOf(at: string): number {
  return Math.floor((Date.parse(at) || 0) / 1000);
}

function shardOf(listEmailId: string): number {
  return Number(listEmailId.slice(-3));
}

/**
 * `88031`, with `!` when active, `+0` when landed for the first object, `-1@kf3a2` when unreadable for the second,
 * since then in base 36.
 */
function encode(email: IndexedEmail, objects: string[]): string {
  let text = email.active ? `${email.emailId}!` : email.emailId;
  for (const [object, { outcome, at }] of email.read) {
    let place = objects.indexOf(object);
    if (place < 0) place = objects.push(object) - 1;
    text += outcome === "landed" ? `+${place}` : `-${place}@${at.toString(36)}`;
  }
  return text;
}

function decode(text: string, objects: readonly string[]): IndexedEmail {
  const emailId = /^\d*/.exec(text)?.[0] ?? "";
  const read = new Map<string, EmailReading>();
  for (const [, mark, place, at = "0"] of text.matchAll(/([+-])(\d+)(?:@([0-9a-z]+))?/g)) {
    const object = objects[Number(place)];
    if (object !== undefined) {
      read.set(object, { outcome: mark === "+" ? "landed" : "unreadable", at: Number.parseInt(at, 36) });
    }
  }
  return { emailId, read, active: text[emailId.length] === "!" };
}
