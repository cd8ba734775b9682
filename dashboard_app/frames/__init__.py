"""From the API's JSON to typed tables: times are UTC, counts integers, what is missing is NA."""
