"""What the server adds for browsers: look, use of Back, protecting headers."""
