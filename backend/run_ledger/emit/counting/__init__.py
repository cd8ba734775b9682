"""From what a pipeline says to the fields of an event: sums, usage, prices, checks."""
