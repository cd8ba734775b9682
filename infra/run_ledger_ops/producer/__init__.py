"""What the commands that report share."""
