import type { Problem } from "../errors.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { SettingName, SettingRow } from "./settings.ts";
import { filePath } from "./settings.ts";
import type { ValueTypes } from "./values.ts";

type ValueOf<Name extends SettingName> =
  SettingRow<Name> extends { readonly choices: readonly (infer Choice)[] }
    ? Choice
    : ValueTypes[SettingRow<Name>["kind"]];

/** What was given, read and defaulted; each value alone is good. */
export interface Values {
  /** Null: not given, bad, or a secret that is kept elsewhere and has not been fetched. */
  get<Name extends SettingName>(name: Name): ValueOf<Name> | null;
  /**
   * Whether nothing can be said about it: a bad value is reported already, an unread part of the file may hold it, a
   * secret that is kept elsewhere has not been fetched.
   */
  isOpen(name: SettingName): boolean;
  /** The reference that was given instead of a secret; null: none. */
  referenceOf(name: SettingName): SecretReference | null;
  /** Where it was given, for messages. */
  pathOf(name: SettingName): string;
  /** The references that have been followed. */
  readonly followed: readonly SecretReference[];
  /** The objects by environment and file alone, without what the command line names; null when they are bad. */
  readonly configuredObjects: readonly string[] | null;
  readonly tmpDirDefault: string;
}

/** The value, or null and a problem that names both places where it can be given. */
export function required<Name extends SettingName>(
  values: Values,
  name: Name,
  expected: string,
  problems: Problem[],
): ValueOf<Name> | null {
  const value = values.get(name);
  if (value === null && !values.isOpen(name)) {
    problems.push({ path: name, value: null, expected: `${expected} (here or as ${filePath(name)} in the file)` });
  }
  return value;
}
