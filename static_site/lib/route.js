/** The hash of the address, which says what is shown: a copied link opens the same thing. */

import { FILTERS } from "./filters.js";

/** @type {Readonly<Record<string, string>>} */
const SINGLE = Object.freeze({
  jobs: "job",
  clients: "client",
  projects: "project",
  incidents: "incident",
});

/**
 * @param {string} hash
 * @returns {Route} the view is "unknown" when the hash means nothing
 */
export function readRoute(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  const [list, id, ...rest] = path.replace(/^\//, "").split("/");
  const place = list === "" ? "overview" : list;
  if (!Object.hasOwn(FILTERS, place) || rest.length > 0) {
    return { view: "unknown" };
  }
  if (id === undefined) {
    const given = new URLSearchParams(query);
    const pairs = Object.entries(FILTERS[place]).map(([name, { isExact }]) => {
      const value = given.get(name) ?? "";
      // people may type a blank too many
      return [name, isExact ? value : value.trim()];
    });
    return { view: place, filters: Object.fromEntries(pairs) };
  }
  const known = decode(id);
  if (!Object.hasOwn(SINGLE, place) || known === null || !isAddressable(known)) {
    return { view: "unknown" };
  }
  const route = { view: SINGLE[place], id: known };
  if (place !== "projects") {
    return route;
  }
  // another client may have jobs in a project of the same id
  return { ...route, filters: { client_id: new URLSearchParams(query).get("client_id") ?? "" } };
}

/**
 * Return the address of a list; filters that are empty are left out.
 *
 * @param {string} view
 * @param {Record<string, string | null | undefined>} [filters]
 */
export function listHash(view, filters = {}) {
  const given = new URLSearchParams();
  for (const name of Object.keys(FILTERS[view])) {
    const value = filters[name];
    if (value) {
      given.set(name, value);
    }
  }
  const query = given.toString();
  return query === "" ? `#/${view}` : `#/${view}?${query}`;
}

/** @param {string} jobId */
export function jobHash(jobId) {
  return `#/jobs/${encodeURIComponent(jobId)}`;
}

/** @param {string} clientId */
export function clientHash(clientId) {
  return `#/clients/${encodeURIComponent(clientId)}`;
}

/** @param {Pick<Project, "client_id" | "project_id">} project */
export function projectHash({ client_id, project_id }) {
  return `#/projects/${encodeURIComponent(project_id)}?${new URLSearchParams({ client_id })}`;
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Return whether a thing of this id can be asked for: browsers take the ids "." and ".." for steps in a
 * path, however they are written, and would ask for something else.
 *
 * @param {string} id
 */
export function isAddressable(id) {
  return id !== "" && id !== "." && id !== "..";
}

/** @param {string} text @param {string} mark */
function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
