import { wrapped } from "../text.ts";
import { fileKey, SECTIONS, SETTINGS } from "./settings.ts";
import type { Setting } from "./settings.ts";

/** Settings that every run needs, ready to be filled in. */
const TO_FILL_IN: Readonly<Record<string, string>> = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv...............",
  PARDOT_CLIENT_ID: "${PARDOT_CLIENT_ID}",
  PARDOT_CLIENT_SECRET: "${PARDOT_CLIENT_SECRET}",
  PARDOT_REFRESH_TOKEN: "${PARDOT_REFRESH_TOKEN}",
  PARDOT_ETL_DESTINATION: "./data",
};

const COLUMNS = 116;

const COLUMNS_SECTION = [
  "# Columns whose values stay at Pardot: dropped ones are not requested, hashed ones land as HMAC-SHA-256 (etl.hash_key).",
  "# columns:",
  "#   Prospect:",
  "#     drop: [phone, fax]",
  "#     hash: [email]",
].join("\n");

/**
 * A commented configuration file made from the table of settings. What every run needs is ready to be filled in,
 * secrets as references to the environment; everything else is commented out with its default.
 */
export function configTemplate(): string {
  const head = [
    "# Configuration of pardot-etl. The environment overrides this file: PARDOT_TIMEZONE overrides pardot.timezone.",
    "# ${NAME} inserts a variable, so this file needs no secrets. `pardot-etl help configuration` has more.",
  ];
  const sections = SECTIONS.map((section) => {
    const settings = SETTINGS.filter(({ env }) => fileKey(env).section === section);
    // A section with every line commented out would be null, which is not a section.
    const isEmpty = settings.every(({ env }) => !(env in TO_FILL_IN));
    return [isEmpty ? `# ${section}:` : `${section}:`, ...settings.flatMap(settingLines)].join("\n");
  });
  return `${[head.join("\n"), ...sections, COLUMNS_SECTION].join("\n\n")}\n`;
}

function settingLines(setting: Setting): string[] {
  const { key } = fileKey(setting.env);
  const choices = setting.parser.choices === undefined ? "" : ` One of ${setting.parser.choices.join(", ")}.`;
  const comment = wrapped(`${setting.meaning}${choices}`.replaceAll("`", ""), COLUMNS).map((line) => `  # ${line}`);
  const ready = TO_FILL_IN[setting.env];
  const line = ready === undefined ? `  # ${key}: ${setting.default ?? ""}`.trimEnd() : `  ${key}: ${ready}`;
  return [...comment, line];
}
