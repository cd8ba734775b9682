"""Reads for lists and totals: indexes, rollups, histories."""
