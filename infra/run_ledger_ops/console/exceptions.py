"""What stops a command: one sentence for the person at the terminal."""


class OpsError(Exception):
    """The command can't do what it was asked to; the text says why, and what helps."""
