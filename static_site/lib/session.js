/**
 * The session of the person who is signed in.
 *
 * Access and ID token live in this closure alone. The refresh token lies in sessionStorage, so
 * that a reload doesn't ask for the password again; it goes when the tab goes.
 */

import { BadAnswer, SignedOut, Unavailable } from "./problems.js";
import { asObject, asText } from "./shapes.js";

export function base64Url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function newAttempt(crypto, returnTo) {
  const draw = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));
  return { state: draw(), nonce: draw(), verifier: draw(), returnTo };
}

/** The S256 challenge of a verifier (RFC 7636). */
export async function challengeOf(crypto, verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

export function authorizeAddress(config, redirectUri, attempt, challenge) {
  return withQuery(config.authorize_url, {
    response_type: "code",
    client_id: config.client_id,
    redirect_uri: redirectUri,
    scope: config.scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
}

/** Where to send the browser to end the session of the sign-in pages, too. */
export function logoutAddress(config, redirectUri) {
  return withQuery(config.logout_url, { client_id: config.client_id, logout_uri: redirectUri });
}

export function readTokens(value) {
  const raw = asObject(value);
  const accessToken = asText(raw.access_token);
  if (accessToken === null) {
    throw new BadAnswer("the sign-in service gave no access token");
  }
  const lifetime = Number(raw.expires_in);
  return {
    accessToken,
    idToken: asText(raw.id_token),
    refreshToken: asText(raw.refresh_token),
    expiresInSeconds: Number.isFinite(lifetime) && lifetime > 0 ? lifetime : 300,
  };
}

/**
 * Read the claims of a token without checking its signature.
 *
 * The token comes straight from the token endpoint, so the connection vouches for it; the API
 * checks signatures for itself.
 */
export function readClaims(token) {
  try {
    const body = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims === "object" && claims !== null) {
      return claims;
    }
  } catch {
    // falls through to the one message
  }
  throw new BadAnswer("the sign-in service gave an unreadable ID token");
}

export function checkClaims(claims, { clientId, nonce, nowSeconds }) {
  const leewaySeconds = 300;
  if (claims.nonce !== nonce) {
    throw new BadAnswer("the ID token belongs to another sign-in");
  }
  if (claims.aud !== clientId) {
    throw new BadAnswer("the ID token is meant for another site");
  }
  if (typeof claims.exp !== "number" || claims.exp + leewaySeconds < nowSeconds) {
    throw new BadAnswer("the ID token has expired: is this device's clock right?");
  }
}

function withQuery(address, query) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.set(name, value);
  }
  return url.href;
}

const ATTEMPT_KEY = "run-ledger.sign-in";
const REFRESH_KEY = "run-ledger.refresh-token";
/** A token with less than this left is renewed before it is used. */
const RENEW_BEFORE_SECONDS = 90;
/** Being refused after a sign-in younger than this is not for want of signing in. */
const FRESH_SECONDS = 60;

export function createSession({ config, redirectUri, storage, crypto, fetch, now, goTo }) {
  let current = null;
  let email = null;
  let signedInAt = null;
  let renewing = null;

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

  function adopt(tokens) {
    current = {
      accessToken: tokens.accessToken,
      expiresAt: now() + tokens.expiresInSeconds * 1000,
    };
    if (tokens.idToken !== null) {
      const claims = readClaims(tokens.idToken);
      email = typeof claims.email === "string" ? claims.email : null;
    }
    if (tokens.refreshToken !== null) {
      storage.setItem(REFRESH_KEY, tokens.refreshToken);
    }
  }

  function forget() {
    current = null;
    email = null;
    storage.removeItem(REFRESH_KEY);
  }

  async function renewOnce() {
    const refreshToken = storage.getItem(REFRESH_KEY);
    if (refreshToken === null) {
      forget();
      throw new SignedOut("there is no session");
    }
    try {
      adopt(await askForTokens({ grant_type: "refresh_token", refresh_token: refreshToken }));
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

    /** Whether the person signed in so recently that signing in again would change nothing. */
    isFresh: () => signedInAt !== null && now() - signedInAt < FRESH_SECONDS * 1000,

    async begin(returnTo) {
      const attempt = newAttempt(crypto, returnTo);
      storage.setItem(ATTEMPT_KEY, JSON.stringify(attempt));
      const challenge = await challengeOf(crypto, attempt.verifier);
      goTo(authorizeAddress(config, redirectUri, attempt, challenge));
    },

    /** The hash that was open when the sign-in began that is now coming to its end. */
    returnTo() {
      const stored = storage.getItem(ATTEMPT_KEY);
      const hash = stored === null ? "" : JSON.parse(stored).returnTo;
      return typeof hash === "string" && hash.startsWith("#") ? hash : "";
    },

    complete,

    canRenew: () => storage.getItem(REFRESH_KEY) !== null,

    renew,

    /** A token that is good for the next request, renewed when it is about to expire. */
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

    signOut() {
      forget();
      goTo(logoutAddress(config, redirectUri));
    },
  };
}

export function isSignInAnswer(query) {
  return query.has("state") && (query.has("code") || query.has("error"));
}
