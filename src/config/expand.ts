/** What came of one text of the file. */
export interface Expansion {
  readonly text: string;
  /** Every variable it names. */
  readonly names: readonly string[];
  /** Those of them that are not set, and anything between `${` and `}` that is no name. */
  readonly missing: readonly string[];
}

const REFERENCE = /\$(\$?)\{([^}]*)\}?/g;

/** Puts variables in for `${NAME}`; `$${` stands for `${` itself. An empty variable counts as not set. */
export function expand(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const names: string[] = [];
  const missing: string[] = [];
  const expanded = text.replaceAll(REFERENCE, (whole: string, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    names.push(name);
    const value = whole.endsWith("}") && Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined || value === "") missing.push(name);
    return value ?? "";
  });
  return { text: expanded, names, missing };
}
