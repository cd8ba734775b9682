"""What is looked at in an account before a stage is deployed to it, each in seconds."""
