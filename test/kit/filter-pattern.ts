/** One condition of a metric filter for JSON: field, comparison, value. */
const CONDITION = /^\$\.(\w+) (=|!=|>=) ("[^"]*"|\d+)$/;

/**
 * Whether CloudWatch counts a log line by a metric filter's pattern for JSON, as far as the module uses those. A
 * comparison with a number matches numbers only, not null.
 */
export function isCounted(pattern: string, line: Readonly<Record<string, unknown>>): boolean {
  const conditions = pattern.replaceAll(/^\{ | \}$/g, "").split(" && ");
  return conditions.every((condition) => {
    const [, field = "", comparison, text = ""] = CONDITION.exec(condition) ?? [];
    if (comparison === undefined) throw new Error(`a condition that is not understood here: ${condition}`);
    const wanted: unknown = JSON.parse(text);
    const value = line[field];
    if (typeof value !== typeof wanted) return false;
    if (comparison === "=") return value === wanted;
    return comparison === "!=" ? value !== wanted : Number(value) >= Number(wanted);
  });
}
