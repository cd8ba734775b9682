"""From a frame to an Altair chart: pure functions that take everything by name."""
