/** The contract's `error`: what an exception or a text says. Nothing in it is blanked. */

const MOST_CHARACTERS = 1_024;
const HEAD = 700; // characters of a message that is too long; what it ends in is the rest
const CUT = " … ";
const MOST_LINKS = 50; // of a chain of causes
const MOST_OF_A_CAUSE = 500;

/** @typedef {import("./types.js").ErrorDocument} ErrorDocument */

/**
 * Return the error of an exception, with the first of its causes, or of a text.
 *
 * For example `{ type: "TypeError", message: "no price (caused by Error: no such file)" }`.
 *
 * @param {unknown} error
 * @param {import("./types.js").FailureOptions} [options] `type` replaces the exception's own
 * @returns {ErrorDocument}
 */
export function errorDocument(error, { type, fingerprint } = {}) {
  const cause = rootCause(error);
  const told = messageOf(error);
  const message = cause === undefined || told.includes(messageOf(cause)) ? told : `${told} (caused by ${lineOf(cause)})`;
  return {
    type: shortened(String(type ?? typeOf(error))),
    message: shortened(message.trim() || "no message"),
    ...(fingerprint !== undefined && { fingerprint: String(fingerprint).slice(0, 128) }),
  };
}

/**
 * Return how a job ended that *error* ended: who stops work by a signal, or lets it time out, says so.
 *
 * @param {unknown} error
 * @returns {"failed" | "cancelled" | "timed_out"}
 */
export function resultOf(error) {
  const name = error instanceof Error ? error.name : "";
  return name === "AbortError" ? "cancelled" : name === "TimeoutError" ? "timed_out" : "failed";
}

/** @param {unknown} error */
function rootCause(error) {
  let cause = causeOf(error);
  let root = cause;
  for (let links = 0; cause !== undefined && cause !== error && links < MOST_LINKS; links += 1) {
    root = cause;
    cause = causeOf(cause);
  }
  return root;
}

/** @param {unknown} error */
function causeOf(error) {
  return error instanceof Error ? (error.cause ?? undefined) : undefined;
}

/** @param {unknown} error */
function typeOf(error) {
  return error instanceof Error ? error.name || error.constructor.name : "Error";
}

/** @param {unknown} error */
function messageOf(error) {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "an error whose text can't be had";
  }
}

/** @param {unknown} error */
function lineOf(error) {
  const line = messageOf(error).trim().split("\n", 1)[0].slice(0, MOST_OF_A_CAUSE);
  return line ? `${typeOf(error)}: ${line}` : typeOf(error);
}

/**
 * Cut a text in its middle; the contract counts characters, not the halves of them.
 *
 * @param {string} text
 */
function shortened(text) {
  const characters = Array.from(text);
  if (characters.length <= MOST_CHARACTERS) return text;
  const tail = characters.slice(HEAD + CUT.length - MOST_CHARACTERS);
  return [...characters.slice(0, HEAD), CUT, ...tail].join("");
}
