"""The file that declares clients: how it is read, checked, compared and written."""
