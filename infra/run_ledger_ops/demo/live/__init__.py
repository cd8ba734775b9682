"""The real pipelines at work, each in its own process."""
