"""Checks of a running system: its health, its dead letters, and audits of what it has stored."""
