"""Runs the local stack for a long time under light load, and looks whether anything grows."""
