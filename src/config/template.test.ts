import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ConfigError } from "../errors.ts";
import { loadConfig } from "./load.ts";
import { filePath, SETTINGS } from "./settings.ts";
import { configTemplate } from "./template.ts";

describe("template of the configuration file", () => {
  it("names every setting", () => {
    const text = configTemplate();
    for (const { env } of SETTINGS) {
      expect(text).toMatch(new RegExp(`^ {2}(# )?${filePath(env).split(".")[1]}:`, "m"));
    }
  });

  it("is a valid file with every commented key enabled", () => {
    const all = configTemplate()
      .replaceAll(/^ {2}# ([a-z0-9_]+:)/gm, "  $1")
      .replace("# snowflake:", "snowflake:");
    const root = parse(all) as Record<string, Record<string, unknown>>;
    for (const { env } of SETTINGS) {
      const [section = "", key = ""] = filePath(env).split(".");
      expect(root[section]).toHaveProperty(key);
    }
  });

  it("loads when the business unit and the secrets are filled in, and reports what is missing before", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "pardot-etl-init-"));
    try {
      const path = join(cwd, "pardot-etl.yaml");
      await writeFile(path, configTemplate());
      const input = { cwd, configFile: null, options: {} };
      await expect(loadConfig({ ...input, env: {} })).rejects.toThrow(ConfigError);
      await writeFile(path, configTemplate().replace("0Uv...............", "0UvSIM0000000001AB"));
      const env = { PARDOT_CLIENT_ID: "id", PARDOT_CLIENT_SECRET: "secret", PARDOT_REFRESH_TOKEN: "token" };
      expect((await loadConfig({ ...input, env })).pardot.auth).toMatchObject({
        flow: "refresh_token",
        clientId: "id",
      });
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
});
