"""The read API, described as OpenAPI 3.1 from the code that answers. No function imports it."""
