import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { SnowflakeServer } from "./servers/snowflake.ts";

/** Canaries: none of them may ever stand anywhere but in a request to Snowflake. */
export const PASSWORD = "canary-password-7f3a";
export const TOKEN = "canary-token-91bc";
export const PASSPHRASE = "canary-passphrase-55d0";

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const PUBLIC_KEY: KeyObject = pair.publicKey;
export const ENCRYPTED_KEY: string = pair.privateKey
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE })
  .toString();
const plainKey = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** What must not be found in messages, arguments, environments and files. */
export const SECRETS: readonly string[] = [
  PASSWORD,
  TOKEN,
  PASSPHRASE,
  plainKey.split("\n")[1] ?? "",
  ENCRYPTED_KEY.split("\n")[1] ?? "",
];

export type Variables = Readonly<Record<string, string>>;

/** What a user sets to reach the stand-in by key pair. */
export function byKeyPair(server: SnowflakeServer): Variables {
  return {
    ...place(server),
    SNOWFLAKE_USER: "etl",
    SNOWFLAKE_PRIVATE_KEY: ENCRYPTED_KEY,
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE,
  };
}

/** What a user sets to reach the stand-in, credentials excepted. */
export function place(server: SnowflakeServer): Variables {
  return {
    PARDOT_ETL_WAREHOUSE: "snowflake",
    SNOWFLAKE_ACCOUNT: "acme",
    SNOWFLAKE_ACCESS_URL: server.url,
    SNOWFLAKE_ROLE: "LOADER",
    SNOWFLAKE_WAREHOUSE: "XS",
    SNOWFLAKE_DATABASE: "lake",
    SNOWFLAKE_SCHEMA: "PARDOT",
  };
}

/** A warehouse's configuration as it comes out of the environment. */
export async function warehouseConfig(env: Variables): Promise<Config["etl"]["warehouse"]> {
  const needed = {
    PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
    PARDOT_CLIENT_ID: "3MVG9.key",
    PARDOT_CLIENT_SECRET: "x",
    PARDOT_REFRESH_TOKEN: "y",
    PARDOT_ETL_DESTINATION: "./data",
  };
  const config = await loadConfig({ env: { ...needed, ...env }, cwd: "/", configFile: null, options: {} });
  return config.etl.warehouse;
}
