"""Clients, their configuration, and what machines may see."""
