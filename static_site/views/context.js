/**
 * What every view is given. Views take the browser's changing things (time, visibility) from here
 * alone, and say here what they can't settle themselves.
 *
 * @typedef {object} Context
 * @property {import("../lib/api.js").Api} api
 * @property {import("../lib/format.js").Format} format
 * @property {import("../lib/polling.js").Clock} clock
 * @property {() => boolean} isHidden whether nobody is looking
 * @property {() => boolean} isOffline
 * @property {(error: Error) => void} onEnded the session has ended, or may see nothing
 * @property {(hash: string) => void} navigate
 */

export {};
