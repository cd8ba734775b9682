/** The read API: one GET with a token, an ETag and a deadline. */

import { BadAnswer, BadQuery, Forbidden, NotFound, SignedOut, Unavailable } from "./problems.js";
import { asObject, asText } from "./shapes.js";

const DEADLINE_SECONDS = 20;

/**
 * @param {object} parts
 * @param {string} parts.base
 * @param {{ accessToken(): Promise<string>, renew(): Promise<void> }} parts.session
 * @param {Fetch} parts.fetch
 */
export function createApi({ base, session, fetch }) {
  /** @param {string} address @param {Question} question */
  async function send(address, { etag, signal }) {
    /** @type {Record<string, string>} */
    const headers = {
      Accept: "application/json",
      Authorization: `Bearer ${await session.accessToken()}`,
    };
    if (etag) {
      headers["If-None-Match"] = etag;
    }
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), DEADLINE_SECONDS * 1000);
    const stop = () => deadline.abort();
    signal?.addEventListener("abort", stop);
    try {
      const response = await fetch(address, {
        headers,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: deadline.signal,
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch {
      signal?.throwIfAborted();
      throw new Unavailable(
        deadline.signal.aborted ? "the API took too long to answer" : "the API can't be reached",
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  return {
    /**
     * Ask for one resource. A refused token is renewed once before the session counts as ended.
     *
     * @param {string} path
     * @param {Question} [question]
     * @returns {Promise<{ changed: boolean, etag: string | null, body: unknown }>}
     * @throws {Error} of lib/problems.js, when there is no answer, or none that helps
     */
    async get(path, question = {}) {
      const address = `${base.replace(/\/$/, "")}${path}${queryText(question.query ?? {})}`;
      let reply = await send(address, question);
      if (reply.status === 401) {
        await session.renew();
        reply = await send(address, question);
      }
      const etag = reply.headers.get("ETag");
      if (reply.status === 304) {
        return { changed: false, etag: etag ?? question.etag ?? null, body: null };
      }
      if (reply.status !== 200) {
        throw failureOf(reply.status, reply.text, reply.headers.get("Retry-After"));
      }
      return { changed: true, etag, body: parse(reply.text) };
    },
  };
}

/**
 * Return the error for an answer that is no success.
 *
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function failureOf(status, text, retryAfter) {
  const { detail, parameter } = problemOf(text);
  switch (status) {
    case 400:
      return new BadQuery(detail ?? "The API did not understand the question.", parameter);
    case 401:
      return new SignedOut(detail ?? "the API wants you to sign in again");
    case 403:
      return new Forbidden(detail ?? "you are in no group yet");
    case 404:
      return new NotFound(detail ?? "there is no such thing");
    default: {
      const seconds = Number(retryAfter ?? NaN);
      return new Unavailable(
        `the API answered ${status}`,
        Number.isFinite(seconds) && seconds > 0 ? seconds : null,
      );
    }
  }
}

/** @param {string} text */
function problemOf(text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  const { detail, parameter } = asObject(body);
  return { detail: asText(detail), parameter: asText(parameter) };
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadAnswer("the API's answer is not JSON");
  }
}

/** @param {Query} query */
function queryText(query) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") {
      given.set(name, String(value));
    }
  }
  const text = given.toString();
  return text === "" ? "" : `?${text}`;
}
