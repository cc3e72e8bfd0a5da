/**
 * The token endpoint of the Salesforce login host: refresh tokens with optional rotation, JWT bearer assertions, client
 * credentials, and username with password.
 * Errors are the recorded pairs (one public issue each: omniphx/forrest 184, restforce/restforce 338, jsforce/jsforce
 * 1656, segmentio/action-destinations 2300, pozil/pub-sub-api-node-client 58, aaronhuggins/sf-jwt-token 1).
 */
import { setTimeout as pause } from "node:timers/promises";
import { refusalOf } from "./jwt-bearer.ts";
import type { SimClock } from "../simulated-time.ts";
import { mix } from "../account/random.ts";
import type { Knobs } from "../knobs.ts";

// Credentials of the simulated account. They work only with a simulator.
export const SIMULATOR_BUSINESS_UNIT_ID: string = "0UvSIM0000000001AB";
export const SIMULATOR_CLIENT_ID: string = "simulator-client-id";
export const SIMULATOR_CLIENT_SECRET: string = "simulator-client-secret";
export const SIMULATOR_REFRESH_TOKEN: string = "simulator-refresh-token";
export const SIMULATOR_USERNAME: string = "api-user@simulator.invalid";
export const SIMULATOR_PASSWORD: string = "simulator-password-and-security-token";

export interface TokenResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

interface AccessToken {
  readonly usable: boolean;
  /** Milliseconds of the clock's `elapsed`. */
  issuedAt: number;
}

const refused = (error: string, description: string): TokenResponse => ({
  status: 400,
  body: { error, error_description: description },
});
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GRANTS: ReadonlySet<string> = new Set(["refresh_token", "client_credentials", "password", JWT_BEARER]);

const EXPIRED = refused("invalid_grant", "expired access/refresh token");

export class TokenDesk {
  #tokens = new Map<string, AccessToken>();
  #refreshToken: string | null = SIMULATOR_REFRESH_TOKEN;
  #rotations = 0;
  #issued = 0;
  #busy = new Set<string>();
  readonly #clock: SimClock;
  readonly #knobs: Knobs;
  readonly #seed: number;
  readonly #jwtPublicKey: string | null;

  /** `jwtPublicKey`: PEM of the certificate or public key that verifies assertions; null if none was uploaded. */
  constructor(clock: SimClock, knobs: Knobs, seed: number, jwtPublicKey: string | null = null) {
    this.#clock = clock;
    this.#knobs = knobs;
    this.#seed = seed;
    this.#jwtPublicKey = jwtPublicKey;
  }

  /** `form`: body and query parameters; `basic`: client id and secret of an HTTP Basic header. */
  async respond(
    form: ReadonlyMap<string, string>,
    basic: readonly [string, string] | null,
    origin: string,
  ): Promise<TokenResponse> {
    const grant = form.get("grant_type");
    if (grant === undefined) return refused("invalid_request", "missing grant type");
    if (!GRANTS.has(grant)) return refused("unsupported_grant_type", "grant type not supported");
    // An assertion names the app and needs no secret.
    if (grant === JWT_BEARER) return this.#assert(form.get("assertion"), origin);
    const [clientId, secret] = basic ?? [form.get("client_id"), form.get("client_secret")];
    if (clientId !== SIMULATOR_CLIENT_ID) return refused("invalid_client_id", "client identifier invalid");
    if (secret !== SIMULATOR_CLIENT_SECRET) return refused("invalid_client", "invalid client credentials");
    if (grant === "refresh_token") return this.#refresh(form.get("refresh_token"), origin);
    if (grant === "password") return this.#login(form.get("username"), form.get("password"), origin);
    if (!this.#knobs.clientCredentialsHere) return refused("invalid_grant", "request not supported on this domain");
    await pause(this.#knobs.tokenMs);
    return this.#issue(origin, {});
  }

  /** Whether the API accepts the token now. With idle expiry, use renews it (vendor docs, session settings). */
  accepts(token: string): boolean {
    const known = this.#tokens.get(token);
    if (known === undefined || !known.usable) return false;
    if (this.#clock.elapsed() - known.issuedAt > this.#knobs.accessTokenSeconds * 1000) return false;
    if (this.#knobs.accessTokenExpiry === "idle") known.issuedAt = this.#clock.elapsed();
    return true;
  }

  /** The API rejects the token from now on. */
  expire(token: string): void {
    const known = this.#tokens.get(token);
    if (known !== undefined) this.#tokens.set(token, { ...known, usable: false });
  }

  /** Whether the token was ever issued here, dead or not. */
  hasIssued(token: string): boolean {
    return this.#tokens.has(token);
  }

  async #refresh(token: string | undefined, origin: string): Promise<TokenResponse> {
    if (token === undefined) return refused("invalid_request", "missing required parameter: refresh_token");
    if (this.#busy.has(token)) return refused("invalid_grant", "token request is already being processed");
    this.#busy.add(token);
    try {
      await pause(this.#knobs.tokenMs);
      if (token !== this.#refreshToken) {
        if (this.#wasRotatedOut(token) && this.#knobs.rotationRevokesFamily) this.#refreshToken = null;
        return EXPIRED;
      }
      if (!this.#knobs.refreshTokenRotation) return this.#issue(origin, {});
      this.#rotations += 1;
      this.#refreshToken = rotated(this.#rotations);
      return this.#issue(origin, { refresh_token: this.#refreshToken });
    } finally {
      this.#busy.delete(token);
    }
  }

  async #assert(assertion: string | undefined, origin: string): Promise<TokenResponse> {
    if (assertion === undefined) return refused("invalid_request", "missing required parameter: assertion");
    await pause(this.#knobs.tokenMs);
    const fault = refusalOf(assertion, {
      publicKey: this.#jwtPublicKey,
      clientId: SIMULATOR_CLIENT_ID,
      username: SIMULATOR_USERNAME,
      isApproved: this.#knobs.jwtUserApproved,
      audience: this.#knobs.jwtAudience,
      now: this.#clock.now(),
    });
    return fault === null ? this.#issue(origin, {}) : refused(...fault);
  }

  /** Wrong credentials and a blocked flow get the same response (jsforce/jsforce issues 482 and 1785). */
  async #login(username: string | undefined, password: string | undefined, origin: string): Promise<TokenResponse> {
    await pause(this.#knobs.tokenMs);
    const isRight = username === SIMULATOR_USERNAME && password === SIMULATOR_PASSWORD;
    // The API accepts its tokens with any scopes of the app (vendor docs, authentication).
    if (isRight && this.#knobs.passwordFlow) return this.#issue(origin, {}, true);
    return refused("invalid_grant", "authentication failure");
  }

  #wasRotatedOut(token: string): boolean {
    return Array.from({ length: this.#rotations }, (_, n) => rotated(n)).includes(token);
  }

  /** Fields as recorded (Crim/pardot-java-client ssoLoginSuccess.json): issued_at as text, no expires_in. */
  #issue(
    origin: string,
    extra: Readonly<Record<string, string>>,
    usable: boolean = this.#knobs.scopePardotApi,
  ): TokenResponse {
    this.#issued += 1;
    const number = mix(this.#seed, this.#issued).toString(36);
    const token = `00DSIM000000001!AQ${this.#issued}.${number}`;
    this.#tokens.set(token, { usable, issuedAt: this.#clock.elapsed() });
    const body = {
      access_token: token,
      scope: this.#knobs.scopePardotApi ? "pardot_api refresh_token" : "refresh_token",
      instance_url: origin,
      id: `${origin}/id/00DSIM000000001AAA/005SIM000000001AAA`,
      token_type: "Bearer",
      issued_at: String(Math.floor(this.#clock.now())),
      signature: `simulated-${number}`,
      ...extra,
    };
    return { status: 200, body };
  }
}

function rotated(rotations: number): string {
  return rotations === 0 ? SIMULATOR_REFRESH_TOKEN : `${SIMULATOR_REFRESH_TOKEN}-${rotations}`;
}
