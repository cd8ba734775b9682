"""Signing in, and back to where one was."""
