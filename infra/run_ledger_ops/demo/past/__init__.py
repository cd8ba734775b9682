"""A simulated past, so that there are trends to look at."""
