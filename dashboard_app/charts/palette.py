"""Colours. An outcome has the same colour everywhere, on a light and on a dark background.

The colours of results differ by 25 or more in CIELAB for every kind of colour vision, and have a
contrast of 3:1 with both backgrounds. Tests check both. The hues are the site's, where "stalled"
shares the amber of "partial".
"""

from __future__ import annotations

from dashboard_app import words

OUTCOMES = {
    "succeeded": "#2ba772",
    "partial": "#d08001",
    "failed": "#d80638",
    "timed_out": "#ae5ec3",
    "cancelled": "#636a78",
    "running": "#2164f7",
    "queued": "#8494ad",
    "stalled": "#b86b00",
    "superseded": "#74808f",
}
# Outcomes side by side in one chart. The others are shades: words tell them apart.
APART = (*words.RESULTS, "running")
BACKGROUNDS = {"light": "#ffffff", "dark": "#171e27"}
# The text of axes and legends: a contrast of 4.5:1 and more with cards and pages.
INKS = {"light": "#525f70", "dark": "#9fadbd"}

CREATED, STARTED = "#8494ad", "#2164f7"
MEASURE, SECOND, THIRD = "#2164f7", "#d08001", "#636a78"
PREVIOUS = "#8494ad"
# Groups: eight colours that differ in hue and lightness, after Okabe and Ito.
GROUPS = ("#2164f7", "#d08001", "#2ba772", "#ae5ec3", "#3aa0d8", "#a3612e", "#6d7f1f", "#d6608f")
