/** The hash of the address, which says what is shown: a copied link opens the same thing. */

const LISTS = Object.freeze({
  overview: [],
  jobs: [
    "client_id",
    "project_id",
    "pipeline",
    "parent_job_id",
    "status",
    "result",
    "fingerprint",
    "from",
    "to",
    "ended_from",
    "ended_to",
    "q",
  ],
  errors: ["client_id", "days"],
  projects: ["client_id", "status"],
  clients: [],
});

/** The filters that completed jobs alone can match. */
const OF_ENDS = Object.freeze(["result", "fingerprint", "ended_from", "ended_to"]);
const FAILURES = Object.freeze(["failed", "timed_out"]);

const SINGLE = Object.freeze({ jobs: "job", clients: "client" });

/** What a hash opens: `{ view, filters }` of a list, `{ view, id }` of one thing. */
export function readRoute(hash) {
  const [path, query = ""] = splitOnce(hash.replace(/^#/, ""), "?");
  const [list, id, ...rest] = path.replace(/^\//, "").split("/");
  const place = list === "" ? "overview" : list;
  if (!Object.hasOwn(LISTS, place) || rest.length > 0) {
    return { view: "unknown" };
  }
  if (id === undefined) {
    const given = new URLSearchParams(query);
    const pairs = LISTS[place].map((name) => [name, valueOf(name, given.get(name) ?? "")]);
    return { view: place, filters: Object.fromEntries(pairs) };
  }
  const known = decode(id);
  return Object.hasOwn(SINGLE, place) && known !== null && isAddressable(known)
    ? { view: SINGLE[place], id: known }
    : { view: "unknown" };
}

/** The address of a list; filters that are empty are left out. */
export function listHash(view, filters = {}) {
  const given = new URLSearchParams();
  for (const name of LISTS[view]) {
    if (filters[name]) {
      given.set(name, filters[name]);
    }
  }
  const query = given.toString();
  return query === "" ? `#/${view}` : `#/${view}?${query}`;
}

export function jobHash(jobId) {
  return `#/jobs/${encodeURIComponent(jobId)}`;
}

export function clientHash(clientId) {
  return `#/clients/${encodeURIComponent(clientId)}`;
}

export function isFiltered(filters) {
  return Object.values(filters).some((value) => value !== "");
}

/**
 * The filters after one was changed, without a pair that can match nothing: only completed jobs
 * have a result or an end, and only failures an error.
 */
export function withFilter(filters, name, value) {
  const next = { ...filters, [name]: value.trim() };
  if (name === "result" && next.result) {
    if (next.status !== "completed") {
      next.status = "";
    }
    if (!next.result.split(",").some((one) => FAILURES.includes(one))) {
      next.fingerprint = "";
    }
  }
  if (name === "status" && next.status && next.status !== "completed" && "result" in next) {
    for (const of of OF_ENDS) {
      next[of] = "";
    }
  }
  return next;
}

/** The question that the filters of the job list ask: stalled is no status of its own there. */
export function jobsQuery({ status, ...others }) {
  return status === "stalled" ? { ...others, stalled: "true" } : { ...others, status };
}

/** People may type a blank too many, but a fingerprint is whatever its producer made it. */
function valueOf(name, text) {
  return name === "fingerprint" ? text : text.trim();
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Whether a thing of this id can be asked for: browsers take the ids "." and ".." for steps in a
 * path, however they are written, and would ask for something else.
 */
function isAddressable(id) {
  return id !== "" && id !== "." && id !== "..";
}

function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
