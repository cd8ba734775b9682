"""The local AWS as a process, and what is kept of it."""
