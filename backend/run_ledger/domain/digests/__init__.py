"""Digests: which days one is about, the figures that it tells, and its words."""
