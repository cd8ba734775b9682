/** Clients by id or name, from all that the person may see. Loaded when somebody looks for one. */

import { readClient, readPage } from "../../lib/shapes.js";

const LARGEST_PAGE = 100;
const FRESH_MILLISECONDS = 300_000;
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** @param {Pick<Context, "api" | "clock">} context */
export function createClientSearch({ api, clock }) {
  /** @type {Promise<Client[]> | null} */
  let asked = null;
  let askedAt = 0;

  async function askAll() {
    /** @type {Client[]} */
    const found = [];
    /** @type {string | null} */
    let cursor = null;
    do {
      const { body } = await api.get("/clients", { query: { limit: LARGEST_PAGE, cursor } });
      const page = readPage(body, readClient);
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return found;
  }

  return {
    /** Return all of them; none where they can't be had: an id can be typed all the same. */
    async all() {
      if (asked === null || clock.now() - askedAt > FRESH_MILLISECONDS) {
        askedAt = clock.now();
        asked = askAll();
      }
      try {
        return await asked;
      } catch {
        asked = null;
        return [];
      }
    },

    clientOf,
  };
}

/**
 * Return the id of the client that a text names, by id or by name in any case.
 *
 * A text that is only the beginning or a part of one client's name stands for it once `isWhole`. A
 * text that no client has in its id or name is taken for an id. Null means that more is to be
 * typed.
 *
 * @param {Pick<Client, "client_id" | "name">[]} clients
 * @param {string} text
 * @param {boolean} isWhole whether nobody types any more
 */
export function clientOf(clients, text, isWhole) {
  const wanted = fold(text);
  if (wanted === "" || clients.some(({ client_id: id }) => id === text.trim())) {
    return text.trim();
  }
  /** @param {(of: string) => boolean} isMatch */
  const matching = (isMatch) =>
    clients.filter(({ client_id: id, name }) => isMatch(fold(id)) || isMatch(fold(name ?? "")));
  const same = matching((of) => of === wanted);
  const alike = same.length > 0 ? same : matching((of) => of.includes(wanted));
  if (alike.length === 1 && (isWhole || same.length === 1)) {
    return alike[0].client_id;
  }
  return alike.length === 0 && ID.test(text.trim()) ? text.trim() : null;
}

/** @param {string} text */
function fold(text) {
  return text.normalize("NFC").trim().toLowerCase();
}
