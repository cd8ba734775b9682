"""Colours. A result has the same one everywhere, on light and on dark ground.

Those of results are apart for every kind of colour vision (a difference of 25 and more in CIELAB,
also as people without red, green or blue cones see them), and stand out from both grounds by 3:1.
Tests hold both. The hues are the site's: green, amber, red, violet, grey, blue.
"""

from __future__ import annotations

OUTCOMES = {
    "succeeded": "#2ba772",
    "partial": "#d08001",
    "failed": "#d80638",
    "timed_out": "#ae5ec3",
    "cancelled": "#636a78",
    "running": "#2164f7",
    "queued": "#8494ad",
    "stalled": "#b86b00",
}
# What stands side by side in one chart; queued and stalled are shades, told apart by their words.
APART = ("succeeded", "partial", "failed", "timed_out", "cancelled", "running")
GROUNDS = {"light": "#ffffff", "dark": "#171e27"}
# Axes' and legends' text: the site's soft ink, 4.5:1 and more on cards and on the page.
INKS = {"light": "#525f70", "dark": "#9fadbd"}

CREATED, STARTED = "#8494ad", "#2164f7"
MEASURE, SECOND, THIRD = "#2164f7", "#d08001", "#636a78"
PREVIOUS = "#8494ad"
# Groups are many: eight that differ in hue and lightness, after Okabe and Ito.
GROUPS = (
    "#2164f7",
    "#d08001",
    "#2ba772",
    "#ae5ec3",
    "#3aa0d8",
    "#a3612e",
    "#6d7f1f",
    "#d6608f",
)
