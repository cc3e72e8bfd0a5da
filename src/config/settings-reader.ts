import type { Problem } from "../errors.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { SettingName, SettingValues } from "./settings.ts";
import { filePath } from "./settings.ts";

/** A setting of all layers, valid or reported. */
export interface GivenSetting {
  /** Where it was given, for messages; null: it is the default. */
  readonly path: string | null;
  /** Undefined: invalid, or a secret that has not been fetched. */
  readonly value: unknown;
  /** Given in place of a secret. */
  readonly reference: SecretReference | null;
}

export interface ReadSettings {
  readonly given: ReadonlyMap<SettingName, GivenSetting>;
  /** The references whose secrets have been fetched. */
  readonly followed: readonly SecretReference[];
  /** PARDOT_ETL_OBJECTS by file and environment alone, without the command line. */
  readonly configuredObjects: GivenSetting | undefined;
  /** The file's section `columns` with variables put in, not checked yet, and the name of the file. */
  readonly columns: { readonly given: unknown; readonly file: string };
  /** Whether the whole file was understood; if not, a missing setting may be in it. */
  readonly isWhole: boolean;
}

/** The settings as the sections read and combine them. Collects the problems of that. */
export class SettingsReader {
  readonly read: ReadSettings;
  readonly problems: Problem[];

  constructor(read: ReadSettings, problems: Problem[]) {
    this.read = read;
    this.problems = problems;
  }

  /** Null: not given, invalid, or a secret that has not been fetched. */
  get<Name extends SettingName>(name: Name): SettingValues[Name] | null {
    return (this.read.given.get(name)?.value as SettingValues[Name] | undefined) ?? null;
  }

  /** The value; a missing one is a problem that names both places where it can be given. */
  require<Name extends SettingName>(name: Name, expected: string): SettingValues[Name] | null {
    const value = this.get(name);
    if (value === null && !this.isUnknown(name)) {
      const places = `here or as ${filePath(name)} in the file`;
      this.problems.push({ path: name, value: null, expected: `${expected} (${places})` });
    }
    return value;
  }

  /** Whether its value is unknown for a reason that is reported already: it is invalid, in an unread file, or not fetched. */
  isUnknown(name: SettingName): boolean {
    const given = this.read.given.get(name);
    if (given === undefined || given.path === null) return !this.read.isWhole;
    return given.value === undefined;
  }

  /** Whether it was given, or may have been. */
  isGiven(name: SettingName): boolean {
    return this.get(name) !== null || this.isUnknown(name);
  }

  referenceTo(name: SettingName): SecretReference | null {
    return this.read.given.get(name)?.reference ?? null;
  }

  /** Where it was given, for messages. */
  pathOf(name: SettingName): string {
    return this.read.given.get(name)?.path ?? name;
  }

  /** Reports a setting that is valid alone but not with the others; returns null for the caller to return. */
  refuse(name: SettingName, value: string | null, expected: string): null {
    this.problems.push({ path: this.pathOf(name), value, expected });
    return null;
  }
}
