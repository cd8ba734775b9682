"""What can go wrong in a way that the person at the terminal can put right."""


class LocalStackError(Exception):
    """One clear sentence for the person who typed the command: what is wrong and what to do."""
