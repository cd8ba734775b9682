/** The parts of OAuth 2 and OpenID Connect that are pure: PKCE, addresses, claims. */

import { BadAnswer } from "./errors.js";

export function base64Url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Draw the three secrets of a sign-in. */
export function newAttempt(crypto, returnTo) {
  const draw = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));
  return { state: draw(), nonce: draw(), verifier: draw(), returnTo };
}

/** The S256 challenge of a verifier (RFC 7636). */
export async function challengeOf(crypto, verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

/** Where to send the browser to sign in. */
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

/** Check an answer of the token endpoint. */
export function readTokens(value) {
  const raw = (
    typeof value === "object" && value !== null ? value : {}
  );
  const text = (field) =>
    typeof field === "string" && field !== "" ? field : null;
  const accessToken = text(raw.access_token);
  if (accessToken === null) {
    throw new BadAnswer("the sign-in service gave no access token");
  }
  const lifetime = Number(raw.expires_in);
  return {
    accessToken,
    idToken: text(raw.id_token),
    refreshToken: text(raw.refresh_token),
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

/** Refuse an ID token that does not belong to this sign-in. */
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
