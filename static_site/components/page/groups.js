/** The groups of whoever is signed in. */

import { readClaims } from "../../lib/sign-in.js";

/**
 * Return the groups of whoever has an access token; the API decides for itself what they may see.
 *
 * @param {string} token
 * @returns {unknown[]}
 */
export function groupsOf(token) {
  try {
    const groups = readClaims(token)["cognito:groups"];
    return Array.isArray(groups) ? groups : [];
  } catch {
    return [];
  }
}
