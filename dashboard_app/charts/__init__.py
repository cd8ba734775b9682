"""Pure functions that make an Altair chart of a frame. All their arguments are named."""
