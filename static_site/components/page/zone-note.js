/** The zone of all times, with another one for a click: UTC, or the reader's own. */

import { h, setChildren } from "../../lib/dom.js";
import { createFormat } from "../../lib/format.js";
import { isZone, ownZone, withZone, zoneIn } from "./zones.js";

const ZONE_KEY = "run-ledger.zone";

/**
 * Show all times in the zone of the reader, or in that of the address. Until the tab is closed the
 * address names a zone that is not the reader's own: so a copied link shows the same.
 *
 * @param {Format} format
 * @param {() => void} onChange
 */
export function createZoneNote(format, onChange) {
  const element = /** @type {HTMLElement} */ (document.getElementById("zone"));
  const storage = window.sessionStorage;
  /** @param {string} zone */
  function use(zone) {
    const isOwn = zone === ownZone();
    const isNew = zone !== format.zone();
    if (isNew) {
      Object.assign(format, createFormat({ timeZone: zone }));
    }
    if (isOwn) {
      storage.removeItem(ZONE_KEY);
    } else {
      storage.setItem(ZONE_KEY, zone);
    }
    const { hash } = window.location;
    if (zoneIn(hash) !== (isOwn ? null : zone)) {
      window.history.replaceState(window.history.state, "", withZone(hash, isOwn ? null : zone));
    }
    show(zone);
    if (isNew) {
      onChange();
    }
  }

  /** @param {string} zone */
  function show(zone) {
    const other = zone === "UTC" ? ownZone() : "UTC";
    const onclick = () => {
      use(other);
      element.querySelector("button")?.focus();
    };
    const button = h("button", { class: "button button--quiet button--small", type: "button", onclick }, `Show ${other}`);
    setChildren(element, [h("span", {}, `Times in ${zone} `), ...(other === zone ? [] : [button])]);
  }

  return {
    /** Take the zone from the address; else keep the one that was chosen in this tab. */
    read() {
      const asked = zoneIn(window.location.hash) ?? storage.getItem(ZONE_KEY);
      use(asked !== null && isZone(asked) ? asked : ownZone());
    },
  };
}
