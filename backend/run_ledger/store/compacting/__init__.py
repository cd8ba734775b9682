"""Compaction: the shards of rollup rows whose time is over become one item."""
