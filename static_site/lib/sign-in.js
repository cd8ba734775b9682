/** What the authorization code flow with PKCE needs: attempts, addresses, tokens and their claims. */

import { BadAnswer } from "./problems.js";
import { asObject, asText } from "./shapes.js";

/** @param {Uint8Array} bytes */
export function base64Url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {Crypto} crypto
 * @param {string} returnTo the hash to open after signing in
 */
export function newAttempt(crypto, returnTo) {
  const draw = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));
  return { state: draw(), nonce: draw(), verifier: draw(), returnTo };
}

/**
 * Return the S256 challenge of a verifier (RFC 7636).
 *
 * @param {Crypto} crypto
 * @param {string} verifier
 */
export async function challengeOf(crypto, verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

/**
 * @param {Config} config
 * @param {string} redirectUri
 * @param {ReturnType<typeof newAttempt>} attempt
 * @param {string} challenge
 */
export function authorizeAddress(config, redirectUri, attempt, challenge) {
  return withQuery(config.authorize_url, {
    response_type: "code",
    client_id: config.client_id,
    redirect_uri: redirectUri,
    scope: config.act_scope === null ? config.scope : `${config.scope} ${config.act_scope}`,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
}

/**
 * Return the address that ends the session of the sign-in pages, too.
 *
 * @param {Config} config
 * @param {string} redirectUri
 */
export function logoutAddress(config, redirectUri) {
  return withQuery(config.logout_url, { client_id: config.client_id, logout_uri: redirectUri });
}

/**
 * Let a refresh token be worth nothing any more (RFC 7009).
 *
 * The page may leave before there is an answer: the request outlives it. Where it can't be sent, the
 * token is in no storage any more, and ends by itself within twelve hours.
 *
 * @param {Config} config
 * @param {Fetch} fetch
 * @param {string} token
 */
export function revoke(config, fetch, token) {
  fetch(config.revoke_url, {
    method: "POST",
    body: new URLSearchParams({ client_id: config.client_id, token }),
    credentials: "omit",
    cache: "no-store",
    mode: "no-cors",
    keepalive: true,
  }).catch(() => {});
}

/** @param {string} address @param {Record<string, string>} query */
function withQuery(address, query) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.set(name, value);
  }
  return url.href;
}

/** @param {unknown} value */
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
 *
 * @param {string} token
 * @returns {Record<string, unknown>}
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

/**
 * @param {Record<string, unknown>} claims
 * @param {{ clientId: string, nonce: string, nowSeconds: number }} wanted
 * @throws {BadAnswer} when the token is not the one that was asked for
 */
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

/** @param {URLSearchParams} query */
export function isSignInAnswer(query) {
  return query.has("state") && (query.has("code") || query.has("error"));
}
