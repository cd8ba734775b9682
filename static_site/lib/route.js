/** The hash of the address, which says what is shown: a copied link opens the same thing. */

/**
 * @typedef {object} Filters
 * @property {string} client_id
 * @property {string} status
 * @property {string} result
 */

/**
 * @typedef {{ view: "jobs", filters: Filters }
 *   | { view: "job", jobId: string }
 *   | { view: "unknown" }} Route
 */

/** The names of the filters, as in the address and as in the API. */
export const FILTER_NAMES = /** @type {const} */ (["client_id", "status", "result"]);

/** @type {Readonly<Filters>} */
export const NO_FILTERS = Object.freeze({ client_id: "", status: "", result: "" });

/**
 * @param {string} hash
 * @returns {Route}
 */
export function readRoute(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  if (path === "" || path === "/" || path === "/jobs") {
    const given = new URLSearchParams(query);
    const filters = { ...NO_FILTERS };
    for (const name of FILTER_NAMES) {
      filters[name] = (given.get(name) ?? "").trim();
    }
    return { view: "jobs", filters };
  }
  const job = /^\/jobs\/([^/]+)$/.exec(path);
  const jobId = job === null ? null : decode(job[1]);
  return jobId !== null && isAddressable(jobId) ? { view: "job", jobId } : { view: "unknown" };
}

/** @param {Filters} filters */
export function jobsHash(filters) {
  const given = new URLSearchParams();
  for (const name of FILTER_NAMES) {
    if (filters[name] !== "") {
      given.set(name, filters[name]);
    }
  }
  const query = given.toString();
  return query === "" ? "#/jobs" : `#/jobs?${query}`;
}

/** @param {string} jobId */
export function jobHash(jobId) {
  return `#/jobs/${encodeURIComponent(jobId)}`;
}

/** @param {Filters} filters */
export function isFiltered(filters) {
  return FILTER_NAMES.some((name) => filters[name] !== "");
}

/**
 * The filters after one was changed, without a pair that can match nothing: only completed jobs
 * have a result.
 *
 * @param {Filters} filters
 * @param {keyof Filters} name
 * @param {string} value
 * @returns {Filters}
 */
export function withFilter(filters, name, value) {
  const next = { ...filters, [name]: value.trim() };
  if (name === "result" && next.result !== "" && next.status !== "completed") {
    next.status = "";
  }
  if (name === "status" && next.status !== "" && next.status !== "completed") {
    next.result = "";
  }
  return next;
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
 * Whether a job of this id can be asked for: browsers take the ids "." and ".." for steps in a
 * path, however they are written, and would ask for something else.
 *
 * @param {string} jobId
 */
function isAddressable(jobId) {
  return jobId !== "." && jobId !== "..";
}

/**
 * @param {string} text
 * @param {string} mark
 */
function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
