"""The clients' file: read, checked, compared, written."""
