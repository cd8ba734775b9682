/** What can go wrong between the site and the ledger. */

export class SiteError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** Nobody is signed in, or the session has ended. */
export class SignedOut extends SiteError {}

/** The person is signed in, but in no group that may see anything. */
export class Forbidden extends SiteError {}

/** There is no such thing, or this person may not see it. */
export class NotFound extends SiteError {}

/** An answer has the wrong shape. */
export class BadAnswer extends SiteError {}

/** The API refused a parameter and names it. */
export class BadQuery extends SiteError {
  /** @param {string} message @param {string | null} parameter */
  constructor(message, parameter) {
    super(message);
    this.parameter = parameter;
  }
}

/** There is no answer, or one that asks to come back later. */
export class Unavailable extends SiteError {
  /** @param {string} message @param {number | null} [retryAfterSeconds] */
  constructor(message, retryAfterSeconds = null) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Return whether an error ends the session, so that the whole site and not one view answers it.
 *
 * @param {unknown} error
 */
export function isEnd(error) {
  return error instanceof SignedOut || error instanceof Forbidden;
}
