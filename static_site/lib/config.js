/** The site's settings, which the deployment writes into `config.json` beside the page. */

import { BadAnswer, Unavailable } from "./problems.js";

const TEXTS = [
  "api_base",
  "authorize_url",
  "token_url",
  "logout_url",
  "client_id",
  "scope",
  "stage",
];
const ADDRESSES = ["authorize_url", "token_url", "logout_url"];

export function readConfig(value, siteOrigin) {
  if (typeof value !== "object" || value === null) {
    throw new BadAnswer("config.json is not an object");
  }
  const texts = {};
  for (const name of TEXTS) {
    const text = value[name];
    if (typeof text !== "string" || text === "") {
      throw new BadAnswer(`config.json: "${name}" is missing`);
    }
    texts[name] = text;
  }
  for (const name of ADDRESSES) {
    texts[name] = webAddress(name, texts[name], siteOrigin);
  }
  return { ...texts, demo: value.demo === true };
}

/** Fetch `config.json`, always asking the origin whether it has changed. */
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
