"""What is handed to channels: where each goes, what the message is, and the texts of each kind."""
