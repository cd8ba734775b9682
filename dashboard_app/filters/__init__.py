"""Filters: widget, check, words and link of each."""
