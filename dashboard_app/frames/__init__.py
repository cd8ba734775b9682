"""From the API's JSON to typed tables: times are in UTC, counts are integers, gaps are NA."""
