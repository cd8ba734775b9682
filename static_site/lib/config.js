/** The site's settings, which the deployment writes into `config.json` beside the page. */

import { BadAnswer, Unavailable } from "./errors.js";

/**
 * @typedef {object} Config
 * @property {string} api_base path or URL under which the read API lies
 * @property {string} authorize_url
 * @property {string} token_url
 * @property {string} logout_url
 * @property {string} client_id
 * @property {string} scope
 * @property {string} stage
 * @property {boolean} demo whether what is shown is made up
 */

const TEXTS = /** @type {const} */ ([
  "api_base",
  "authorize_url",
  "token_url",
  "logout_url",
  "client_id",
  "scope",
  "stage",
]);
const ADDRESSES = /** @type {const} */ (["authorize_url", "token_url", "logout_url"]);

/**
 * Check what was in `config.json`.
 *
 * @param {unknown} value
 * @param {string} siteOrigin what relative addresses are relative to
 * @returns {Config}
 */
export function readConfig(value, siteOrigin) {
  if (typeof value !== "object" || value === null) {
    throw new BadAnswer("config.json is not an object");
  }
  const raw = /** @type {Record<string, unknown>} */ (value);
  /** @type {Record<string, string>} */
  const texts = {};
  for (const name of TEXTS) {
    const text = raw[name];
    if (typeof text !== "string" || text === "") {
      throw new BadAnswer(`config.json: "${name}" is missing`);
    }
    texts[name] = text;
  }
  for (const name of ADDRESSES) {
    texts[name] = webAddress(name, texts[name], siteOrigin);
  }
  return /** @type {Config} */ ({ ...texts, demo: raw.demo === true });
}

/**
 * Fetch `config.json`, always asking the origin whether it has changed.
 *
 * @param {typeof globalThis.fetch} fetch
 * @param {string} siteOrigin
 * @returns {Promise<Config>}
 */
export async function loadConfig(fetch, siteOrigin) {
  let response;
  try {
    response = await fetch("./config.json", { cache: "no-cache", credentials: "omit" });
  } catch {
    throw new Unavailable("config.json could not be fetched");
  }
  if (!response.ok) {
    throw new Unavailable(`config.json: the site answered ${response.status}`);
  }
  let value;
  try {
    value = await response.json();
  } catch {
    throw new BadAnswer("config.json is not JSON");
  }
  return readConfig(value, siteOrigin);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} siteOrigin
 * @returns {string}
 */
function webAddress(name, text, siteOrigin) {
  try {
    const url = new URL(text, siteOrigin);
    if (url.protocol === "https:" || url.protocol === "http:") {
      return url.href;
    }
  } catch {
    // falls through to the one message
  }
  throw new BadAnswer(`config.json: "${name}" is no web address`);
}
