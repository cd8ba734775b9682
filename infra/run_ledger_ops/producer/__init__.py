"""What the commands that report events share: their options, and running a process."""
