/** How the texts of the command `simulate` are parsed. */
import { readFileSync } from "node:fs";
import { KNOBS, parseKnob } from "./knobs.ts";
import type { Knobs } from "./knobs.ts";
import { SIMULATOR_OPTIONS } from "./option-table.ts";
import { isRsaKey, optionProblems } from "./options.ts";
import type { SimulatorOptions } from "./options.ts";
import type { Scale } from "./account/scale.ts";

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
    jwtPublicKey: attempt(() => readCertificate(texts("certificate").at(-1)), undefined),
    knobs,
  };
  const set = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as SimulatorOptions;
  problems.push(...optionProblems(set).filter((problem) => !problems.includes(problem)));
  if (problems.length > 0) throw new Error(`simulator options: ${problems.join("; ")}`);
  return set;
}

/** The PEM text of a file. Throws an Error with the reason if there is none. */
function readCertificate(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const fail = (problem: string): never => {
    throw new Error(`--certificate ${path}: ${problem}`);
  };
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    return fail((error as NodeJS.ErrnoException).code ?? String(error));
  }
  return isRsaKey(pem) ? pem : fail("expected a certificate or an RSA public key in PEM form");
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
