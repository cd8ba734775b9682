"""What all commands share: terminal, arguments, private files, and the system they work on."""
