import type { CatalogObject } from "../catalog/catalog.ts";
import type { ApiVersion } from "../catalog/versions.ts";
import type { FormatName } from "../encode/encoder.ts";
import type { Certificate } from "../secrets/certificate.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { Secret } from "../secrets/secret.ts";

/** A checked configuration, the input of every command. Durations in milliseconds, sizes in bytes. */
export interface Config {
  readonly pardot: PardotConfig;
  readonly etl: EtlConfig;
  readonly notify: NotifyConfig;
  /** The catalog with the operator's overrides, in plan order. */
  readonly catalog: readonly CatalogObject[];
  /** The references that its secrets came from. */
  readonly references: readonly SecretReference[];
}

/** Settings for reading the destination's records; a `Config` has them all. */
export interface DestinationConfig {
  readonly pardot: Pick<PardotConfig, "timeZone" | "accountTimeZone" | "dailyCallBudget" | "quotaShare">;
  readonly etl: Pick<EtlConfig, "destination" | "s3PathStyle" | "overlapMs" | "v5LagMs" | "retentionMs" | "tmpDir">;
  readonly catalog: readonly CatalogObject[];
}

/** Settings for the page about a run; a `Config` has them all. */
export interface ReportConfig extends DestinationConfig {
  readonly etl: DestinationConfig["etl"] & { readonly warehouse: Pick<EtlConfig["warehouse"], "kind"> };
}

/** Settings for rereading the committed files; a `Config` has them all. */
export interface CommittedConfig {
  readonly etl: Pick<EtlConfig, "objects" | "destination" | "s3PathStyle" | "retentionMs" | "warehouse" | "tmpDir">;
  readonly catalog: readonly CatalogObject[];
}

/** What printing SQL for the warehouse needs; no login. */
export interface TablesConfig {
  readonly pardot: Pick<PardotConfig, "timeZone">;
  readonly etl: Pick<EtlConfig, "objects" | "configuredObjects" | "destination" | "s3PathStyle" | "format">;
  readonly catalog: readonly CatalogObject[];
  /** Where the tables are in Snowflake; null: not configured. */
  readonly snowflake: { readonly database: string; readonly schema: string } | null;
}

export interface PardotConfig {
  /** 18 characters, `0Uv…`. */
  readonly businessUnitId: string;
  readonly apiUrl: URL;
  readonly loginUrl: URL;
  readonly apiVersion: ApiVersion;
  /** If set, overrides the format of every query and read. */
  readonly v4Format: "xml" | "json" | null;
  /** IANA name: the zone of the API user, in which v3/v4 timestamps are. */
  readonly timeZone: string;
  /** IANA name: the zone in which the quota day turns. */
  readonly accountTimeZone: string;
  readonly auth: AuthConfig;
  /** Requests in flight, 1 to 5. */
  readonly maxConcurrency: number;
  readonly maxWaitingExports: number;
  /** Calls this tool may make in an account day; null: it sets no limit. */
  readonly dailyCallBudget: number | null;
  /** Share of the account's own limit, others' calls included, at which a run stops; above 0 and at most 1. */
  readonly quotaShare: number;
  readonly exportPollIntervalMs: number;
  readonly exportTimeoutMs: number;
  /** Longest wait for the next byte of a response. */
  readonly requestTimeoutMs: number;
}

/** How an access token is requested (Salesforce help, remoteaccess_oauth_*_flow). */
export type AuthConfig =
  | {
      readonly flow: "refresh_token";
      readonly clientId: string;
      readonly clientSecret: Secret;
      /** As configured; null if only the token file has one. The file's wins. */
      readonly refreshToken: Secret | null;
      /**
       * The reference that the configured token came from, where a rotated one is written back; null: the token itself
       * was configured.
       */
      readonly reference: SecretReference | null;
      /** Absolute path of the file that keeps a rotated refresh token; null: none. */
      readonly tokenFile: string | null;
    }
  | {
      readonly flow: "jwt";
      readonly clientId: string;
      readonly username: string;
      /** An RSA key, PKCS#8 in PEM form. */
      readonly privateKey: Secret;
      /** What is known of the key's certificate; null: it was not given. */
      readonly certificate: Certificate | null;
    }
  | { readonly flow: "client_credentials"; readonly clientId: string; readonly clientSecret: Secret }
  | {
      readonly flow: "password";
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly username: string;
      /** With the security token at its end, if the org requires one. */
      readonly password: Secret;
    };

export type AuthFlow = AuthConfig["flow"];

export type Destination =
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "folder"; readonly path: string };

export interface EtlConfig {
  /** Names of the selected objects, in plan order. */
  readonly objects: readonly string[];
  /** Names of the configured ones, without the command line's selection. */
  readonly configuredObjects: readonly string[];
  readonly destination: Destination;
  readonly s3PathStyle: boolean | null;
  /** Format of the files that this run lands. */
  readonly format: FormatName;
  readonly compression: "none" | "gzip" | "zstd";
  readonly rowsPerFile: number | null;
  /** Records of one object that may be set aside in one run. */
  readonly maxRejects: number;
  readonly bytesPerFile: number | null;
  /** Whether a run leaves the page about itself in the destination. */
  readonly report: boolean;
  /** Key of the hashes of columns. Default: no column is hashed. */
  readonly hashKey?: Secret;
  readonly warehouse: { readonly kind: "none" } | { readonly kind: "duckdb"; readonly path: string } | SnowflakeConfig;
  readonly overlapMs: number;
  /** How long before now a window of API v5 ends. */
  readonly v5LagMs: number;
  /** How long a rule of the destination keeps landed files; null: forever. */
  readonly retentionMs: number | null;
  /** Silence after which another run takes over. */
  readonly leaseTtlMs: number;
  readonly stopGraceMs: number;
  readonly tmpDir: string;
}

/** The channels that are notified of how a run ended. */
export interface NotifyConfig {
  /** trouble: not of complete runs. */
  readonly about: "all" | "trouble";
  readonly snsTopic: SnsTopic | null;
  /** Secret, because knowing the address is enough to post to it. */
  readonly webhookUrl: Secret | null;
}

export interface SnsTopic {
  readonly arn: string;
  /** The ARN's; the environment's may differ. */
  readonly region: string;
}

/** How to reach the tables in Snowflake. Names are as the operator wrote them, including quotes. */
export interface SnowflakeConfig {
  readonly kind: "snowflake";
  readonly account: string;
  /** Null: the one that follows from the account. */
  readonly accessUrl: URL | null;
  readonly auth: SnowflakeAuth;
  /** Null: the user's default. */
  readonly role: string | null;
  /** The virtual warehouse that runs the queries; null: the user's default. */
  readonly warehouse: string | null;
  readonly database: string;
  readonly schema: string;
}

export type SnowflakeAuth =
  | {
      readonly authenticator: "SNOWFLAKE_JWT";
      readonly user: string;
      /** PKCS#8 in PEM form, decrypted. */
      readonly privateKey: Secret;
    }
  | { readonly authenticator: "SNOWFLAKE"; readonly user: string; readonly password: Secret }
  | {
      readonly authenticator: "OAUTH" | "PROGRAMMATIC_ACCESS_TOKEN";
      /** Optional, because the token names the user. */
      readonly user: string | null;
      readonly token: Secret;
    };
