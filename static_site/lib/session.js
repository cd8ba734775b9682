/**
 * The session of the person who is signed in.
 *
 * Access and ID token live in this closure alone. The refresh token lies in sessionStorage, so
 * that a reload doesn't ask for the password again; it goes when the tab goes.
 */

import { BadAnswer, SignedOut, Unavailable } from "./problems.js";
import { asText } from "./shapes.js";
import {
  authorizeAddress,
  challengeOf,
  checkClaims,
  logoutAddress,
  newAttempt,
  readClaims,
  readTokens,
  revoke,
} from "./sign-in.js";

const ATTEMPT_KEY = "run-ledger.sign-in";
const REFRESH_KEY = "run-ledger.refresh-token";
/** A token with less than this left is renewed before it is used. */
const RENEW_BEFORE_SECONDS = 90;
/** Somebody who is refused so soon after a sign-in would be refused after another one, too. */
const FRESH_SECONDS = 60;

/**
 * @param {object} parts
 * @param {Config} parts.config
 * @param {string} parts.redirectUri
 * @param {Storage} parts.storage
 * @param {Crypto} parts.crypto
 * @param {Fetch} parts.fetch
 * @param {() => number} parts.now
 * @param {(address: string) => void} parts.goTo
 */
export function createSession({ config, redirectUri, storage, crypto, fetch, now, goTo }) {
  /** @type {{ accessToken: string, expiresAt: number } | null} */
  let current = null;
  /** @type {string | null} */
  let email = null;
  /** @type {number | null} */
  let signedInAt = null;
  /** @type {Promise<void> | null} */
  let renewing = null;
  /** Grows whenever the session is forgotten: an answer that was asked for before has come too late. */
  let times = 0;

  /** @param {Record<string, string>} form */
  async function askForTokens(form) {
    let response;
    try {
      response = await fetch(config.token_url, {
        method: "POST",
        body: new URLSearchParams({ client_id: config.client_id, ...form }),
        credentials: "omit",
        cache: "no-store",
      });
    } catch {
      throw new Unavailable("the sign-in service can't be reached");
    }
    if (response.status >= 500 || response.status === 429) {
      throw new Unavailable(`the sign-in service answered ${response.status}`);
    }
    if (!response.ok) {
      throw new SignedOut("the sign-in service wants you to sign in again");
    }
    return readTokens(await response.json().catch(() => null));
  }

  /** @param {ReturnType<typeof readTokens>} tokens */
  function adopt(tokens) {
    current = {
      accessToken: tokens.accessToken,
      expiresAt: now() + tokens.expiresInSeconds * 1000,
    };
    if (tokens.idToken !== null) {
      email = asText(readClaims(tokens.idToken).email);
    }
    if (tokens.refreshToken !== null) {
      storage.setItem(REFRESH_KEY, tokens.refreshToken);
    }
  }

  function forget() {
    times += 1;
    current = null;
    email = null;
    storage.removeItem(REFRESH_KEY);
  }

  /** Forget the session, here and at the sign-in service. */
  function end() {
    const token = storage.getItem(REFRESH_KEY);
    forget();
    if (token !== null) {
      revoke(config, fetch, token);
    }
  }

  async function renewOnce() {
    const refreshToken = storage.getItem(REFRESH_KEY);
    if (refreshToken === null) {
      forget();
      throw new SignedOut("there is no session");
    }
    const mine = times;
    try {
      const tokens = await askForTokens({ grant_type: "refresh_token", refresh_token: refreshToken });
      if (times !== mine) {
        throw new SignedOut("the session has ended meanwhile");
      }
      adopt(tokens);
    } catch (error) {
      if (!(error instanceof Unavailable)) {
        forget();
      }
      throw error;
    }
  }

  function renew() {
    renewing ??= renewOnce().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  /** @param {URLSearchParams} query what the sign-in pages have answered */
  async function complete(query) {
    const stored = storage.getItem(ATTEMPT_KEY);
    storage.removeItem(ATTEMPT_KEY);
    if (stored === null) {
      throw new BadAnswer("this sign-in was not begun in this tab");
    }
    const attempt = JSON.parse(stored);
    if (query.get("state") !== attempt.state) {
      throw new BadAnswer("this sign-in was not begun in this tab");
    }
    const refused = query.get("error");
    if (refused !== null) {
      throw new BadAnswer(query.get("error_description") ?? refused);
    }
    const tokens = await askForTokens({
      grant_type: "authorization_code",
      code: query.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: attempt.verifier,
    });
    checkClaims(readClaims(tokens.idToken ?? ""), {
      clientId: config.client_id,
      nonce: attempt.nonce,
      nowSeconds: now() / 1000,
    });
    adopt(tokens);
    signedInAt = now();
  }

  return {
    email: () => email,

    /** Return the token as it is, "" where there is none. */
    token: () => current?.accessToken ?? "",

    /** Return when the token expires, in milliseconds since 1970; 0 where there is none. */
    expiresAt: () => current?.expiresAt ?? 0,

    /** Whether the person signed in so recently that signing in again would change nothing. */
    isFresh: () => signedInAt !== null && now() - signedInAt < FRESH_SECONDS * 1000,

    /** @param {string} returnTo the hash to open after signing in */
    async begin(returnTo) {
      const attempt = newAttempt(crypto, returnTo);
      storage.setItem(ATTEMPT_KEY, JSON.stringify(attempt));
      const challenge = await challengeOf(crypto, attempt.verifier);
      goTo(authorizeAddress(config, redirectUri, attempt, challenge));
    },

    /** Return the hash that was open when the sign-in began. */
    returnTo() {
      const stored = storage.getItem(ATTEMPT_KEY);
      const hash = stored === null ? "" : JSON.parse(stored).returnTo;
      return typeof hash === "string" && hash.startsWith("#") ? hash : "";
    },

    complete,

    canRenew: () => storage.getItem(REFRESH_KEY) !== null,

    /** Return what another tab needs to take the session over; null where there is none. */
    share: () => (current === null ? null : storage.getItem(REFRESH_KEY)),

    /** @param {string} refreshToken what another tab has shared */
    takeOver(refreshToken) {
      storage.setItem(REFRESH_KEY, refreshToken);
    },

    renew,

    /** Return a token for the next request, renewed when it is about to expire. */
    async accessToken() {
      const left = current === null ? 0 : current.expiresAt - now();
      if (left < RENEW_BEFORE_SECONDS * 1000) {
        try {
          await renew();
        } catch (error) {
          if (!(error instanceof Unavailable) || left <= 0) {
            throw error;
          }
        }
      }
      if (current === null) {
        throw new SignedOut("there is no session");
      }
      return current.accessToken;
    },

    forget,

    end,

    signOut() {
      end();
      goTo(logoutAddress(config, redirectUri));
    },
  };
}
