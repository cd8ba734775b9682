"""The read API: its client, its requests, cached responses, and problems in words."""
