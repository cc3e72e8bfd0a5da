/** Asks whether Pardot takes these fields. */
export type IsAccepted = (fields: readonly string[]) => Promise<boolean>;

/**
 * The fields among `fields` that Pardot refuses, in their order, found by halving: about 2·log2(n) questions for each of
 * them. `fields` as a whole must have been refused. Empty when it is not the fields that are refused: not even `key`
 * alone is taken then.
 */
export async function refusedAmong(
  fields: readonly string[],
  key: string,
  isAccepted: IsAccepted,
): Promise<readonly string[]> {
  const others = fields.filter((field) => field !== key);
  const refused = others.length === 0 ? [] : await halve(others, (part) => isAccepted([key, ...part]));
  // Refused one and all: most likely the key is, or something that has nothing to do with fields.
  if (refused.length === others.length && !(await isAccepted([key]))) return [];
  return refused;
}

/** `fields` as a whole are refused, so what the first half is innocent of is the second half's. */
async function halve(fields: readonly string[], isAccepted: IsAccepted): Promise<readonly string[]> {
  if (fields.length === 1) return fields;
  const middle = Math.ceil(fields.length / 2);
  const [head, tail] = [fields.slice(0, middle), fields.slice(middle)];
  if (await isAccepted(head)) return halve(tail, isAccepted);
  const found = await halve(head, isAccepted);
  return (await isAccepted(tail)) ? found : [...found, ...(await halve(tail, isAccepted))];
}
