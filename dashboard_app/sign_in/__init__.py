"""Signing in, signing out, and returning to the same page."""
