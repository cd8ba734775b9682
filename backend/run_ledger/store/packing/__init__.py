"""Packed rows: rollup rows of past days, kept once more where many are read at a low price."""
