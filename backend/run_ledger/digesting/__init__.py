"""Makes digests of what the read API answers, and puts them into the queue of deliveries."""
