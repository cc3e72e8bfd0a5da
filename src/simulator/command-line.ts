/** The options of the command `simulate` as data, and how their texts are parsed. */
import { KNOBS, parseKnob } from "./knobs.ts";
import type { Knobs } from "./knobs.ts";
import { DEFAULT_NOW, optionProblems } from "./options.ts";
import type { SimulatorOptions } from "./options.ts";
import { SCALES } from "./account/scale.ts";
import type { Scale } from "./account/scale.ts";

export interface OptionDescription {
  /** Without the two dashes: `daily-limit`. */
  readonly flag: string;
  readonly type: "integer" | "text" | "object=rows" | "name=value";
  readonly repeatable: boolean;
  readonly meaning: string;
  readonly default: string;
}

const option = (
  flag: string,
  type: OptionDescription["type"],
  fallback: string,
  meaning: string,
): OptionDescription => ({ flag, type, repeatable: type.includes("="), meaning, default: fallback });

/** The options of `simulate`. */
export const SIMULATOR_OPTIONS: readonly OptionDescription[] = [
  option("port", "integer", "0", "loopback port; 0: any free port"),
  option("seed", "integer", "1", "same seed, same account, to the byte"),
  option("scale", "text", "small", `size of the account: ${SCALES.join(", ")}`),
  option("rows", "object=rows", "by scale", "rows of an object, VisitorActivity=50000; repeatable or a comma list"),
  option("ties", "integer", "700", "rows of each object that share one second"),
  option("timezone", "text", "UTC", "time zone of the API user, an IANA name"),
  option("account-timezone", "text", "the user's", "time zone of the quota's day"),
  option("now", "text", DEFAULT_NOW, "simulated time at the start, an ISO instant"),
  option("daily-limit", "integer", "50000", "calls per day before code 122"),
  option("latency-ms", "integer", "0", "milliseconds added to each response"),
  option("export-seconds", "integer", "0", "seconds that processing an export takes"),
  option("knob", "name=value", "see the docs", "an unconfirmed behavior of Pardot; repeatable"),
];

/** Parses the command line's texts, by flag. Throws an Error that names all problems. */
export function parseSimulatorOptions(
  given: Readonly<Record<string, string | readonly string[] | undefined>>,
): SimulatorOptions {
  const problems: string[] = [];
  const texts = (flag: string): readonly string[] => {
    const value = given[flag];
    return value === undefined ? [] : typeof value === "string" ? [value] : value;
  };
  const integer = (flag: string): number | undefined => {
    const text = texts(flag).at(-1);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text)) problems.push(`--${flag} ${text}: expected a whole number`);
    return Number(text);
  };
  const known = new Set(SIMULATOR_OPTIONS.map(({ flag }) => flag));
  for (const flag of Object.keys(given)) if (!known.has(flag)) problems.push(`--${flag}: unknown option`);
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      problems.push((error as Error).message);
      return otherwise;
    }
  };
  const rows = Object.assign({}, ...texts("rows").map((text) => attempt(() => parseRows(text), {}))) as Record<
    string,
    number
  >;
  const knobs = Object.assign({}, ...texts("knob").map((text) => attempt(() => parseKnob(text), {}))) as Partial<Knobs>;
  const options = {
    port: integer("port"),
    seed: integer("seed"),
    scale: texts("scale").at(-1) as Scale | undefined,
    rows,
    ties: integer("ties"),
    timezone: texts("timezone").at(-1),
    accountTimezone: texts("account-timezone").at(-1),
    now: texts("now").at(-1),
    dailyLimit: integer("daily-limit"),
    latencyMs: integer("latency-ms"),
    exportSeconds: integer("export-seconds"),
    knobs,
  };
  const set = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as SimulatorOptions;
  problems.push(...optionProblems(set).filter((problem) => !problems.includes(problem)));
  if (problems.length > 0) throw new Error(`simulator options: ${problems.join("; ")}`);
  return set;
}

/** Parses `VisitorActivity=50000,Tag=10`. Throws an Error with the expected form. */
export function parseRows(text: string): Readonly<Record<string, number>> {
  const entries = text.split(",").map((part): [string, number] => {
    const [object = "", rows = ""] = part.split("=");
    if (!/^\d{1,9}$/.test(rows)) throw new Error(`--rows ${part}: expected Object=N`);
    return [object.trim(), Number(rows)];
  });
  return Object.fromEntries(entries);
}

/** A line of help per knob: name, default, values, meaning. */
export function describeKnobs(): readonly string[] {
  return Object.entries(KNOBS).map(([name, spec]) => {
    const values = spec.values === undefined ? "" : ` (${spec.values.join(" | ")})`;
    return `${name}=${String(spec.default)}${values}: ${spec.meaning}`;
  });
}
