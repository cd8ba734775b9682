"""Filters. One declaration gives a filter its widget, check, words, link and API parameter."""
