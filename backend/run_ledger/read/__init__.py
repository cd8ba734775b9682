"""The read API: from a request of API Gateway to an answer. See `reader` for the whole way."""
