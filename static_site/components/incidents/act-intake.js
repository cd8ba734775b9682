/** The intake: one person's acts on incidents, sent so that each counts once. */

import { failureOf } from "../../lib/api.js";
import { BadQuery, Unavailable } from "../../lib/problems.js";
import { asList, asObject, asText } from "../../lib/shapes.js";

const DEADLINE_MILLISECONDS = 20_000;

/** @param {Acting} parts */
export function createIntake({ base, session, fetch }) {
  /** @param {string} body */
  async function post(body) {
    const headers = { Authorization: `Bearer ${await session.accessToken()}`, "Content-Type": "application/json" };
    try {
      const response = await fetch(`${base.replace(/\/$/, "")}/events`, {
        method: "POST",
        headers,
        body,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(DEADLINE_MILLISECONDS),
      });
      return { status: response.status, retryAfter: response.headers.get("Retry-After"), text: await response.text() };
    } catch {
      throw new Unavailable("the intake gave no answer");
    }
  }

  return {
    /**
     * Send one act, with an `event_id` of its own: the same may be sent again after `Unavailable`.
     *
     * @param {Record<string, unknown>} detail
     * @throws {Error} of lib/problems.js, when it is not taken
     */
    async send(detail) {
      const body = JSON.stringify({ events: [{ detail_type: "incident_update", detail }] });
      let reply = await post(body);
      if (reply.status === 401) {
        await session.renew();
        reply = await post(body);
      }
      if (reply.status === 207) {
        throw new BadQuery(reasonOf(reply.text) ?? "The intake refuses it.", null);
      }
      if (reply.status !== 202) {
        throw failureOf(reply.status, reply.text, reply.retryAfter);
      }
    },
  };
}

/** @param {string} text */
function reasonOf(text) {
  try {
    const [result] = asList(asObject(JSON.parse(text)).results);
    return asText(asObject(asObject(result).error).message);
  } catch {
    return null;
  }
}
