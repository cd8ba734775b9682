/** What a sign-out tells the sign-in service; it loads when somebody signs out. */

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
