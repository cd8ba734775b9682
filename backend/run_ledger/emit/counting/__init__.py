"""From what a pipeline reports to events: add deltas, sum them, price tokens, blank secrets.

Imports the domain alone. How an event passes through: `accumulator` sums and makes events by
`outgoing_events`.
"""
