/**
 * What can go wrong between the site and the ledger, as one tree:
 *
 *     SiteError
 *     ├── SignedOut     there is no session, or it has ended
 *     ├── Forbidden     signed in, but in no group that may see anything
 *     ├── NotFound      no such thing, or not this person's to see
 *     ├── BadQuery      the API refused a parameter and names it
 *     ├── BadAnswer     an answer that is not what was promised
 *     └── Unavailable   no answer, or one that asks to come back later
 */

export class SiteError extends Error {
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

export class SignedOut extends SiteError {}

export class Forbidden extends SiteError {}

export class NotFound extends SiteError {}

export class BadAnswer extends SiteError {}

export class BadQuery extends SiteError {
  constructor(message, parameter) {
    super(message);
    this.parameter = parameter;
  }
}

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
