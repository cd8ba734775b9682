"""The logs of jobs and projects: what is remembered of them, and how their rows are read."""
