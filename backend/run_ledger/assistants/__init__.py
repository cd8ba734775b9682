"""What assistants ask over HTTPS, by the Model Context Protocol."""
