/** The site's settings, which the deployment writes into `config.json` beside the page. */

import { BadAnswer, Unavailable } from "./problems.js";
import { asObject, asText } from "./shapes.js";

/**
 * @param {unknown} value
 * @param {string} siteOrigin
 * @throws {BadAnswer} naming the setting that is missing or no web address
 */
export function readConfig(value, siteOrigin) {
  const raw = asObject(value);
  /** @param {string} name */
  const text = (name) => {
    const known = asText(raw[name]);
    if (known === null) {
      throw new BadAnswer(`config.json: "${name}" is missing`);
    }
    return known;
  };
  /** @param {string} name */
  const address = (name) => webAddress(name, text(name), siteOrigin);
  return {
    api_base: text("api_base"),
    authorize_url: address("authorize_url"),
    token_url: address("token_url"),
    logout_url: address("logout_url"),
    revoke_url: address("revoke_url"),
    client_id: text("client_id"),
    scope: text("scope"),
    /** what a token needs in addition to act on incidents, and where acts go; null where none are taken */
    act_scope: asText(raw.act_scope),
    intake_base: asText(raw.intake_base),
    /** where the site opens a socket, to hear of changes; null where none are told */
    push_url: raw.push_url === undefined ? null : socketAddress(address("push_url")),
    stage: text("stage"),
    demo: raw.demo === true,
  };
}

/**
 * Fetch `config.json`, always asking the origin whether it has changed.
 *
 * @param {Fetch} fetch
 * @param {string} siteOrigin
 */
export async function loadConfig(fetch, siteOrigin) {
  let response;
  try {
    response = await fetch("./config.json", { cache: "no-cache" });
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

/** @param {string} address */
function socketAddress(address) {
  return address.replace(/^http/, "ws");
}

/** @param {string} name @param {string} text @param {string} siteOrigin */
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
