"""Real pipelines at work, a process each."""
