/** What can go wrong between the site and the ledger. */

export class SiteError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** There is no session, or it has ended. */
export class SignedOut extends SiteError {}

/** Signed in, but in no group that may see anything. */
export class Forbidden extends SiteError {}

/** No such thing, or not this person's to see. */
export class NotFound extends SiteError {}

/** An answer that is not what was promised. */
export class BadAnswer extends SiteError {}

/** The API refused a parameter and names it. */
export class BadQuery extends SiteError {
  constructor(message, parameter) {
    super(message);
    this.parameter = parameter;
  }
}

/** No answer, or one that asks to come back later. */
export class Unavailable extends SiteError {
  constructor(message, retryAfterSeconds = null) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whether an error is for the whole site to answer, not for one view. */
export function isEnd(error) {
  return error instanceof SignedOut || error instanceof Forbidden;
}
