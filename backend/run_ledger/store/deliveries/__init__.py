"""What has become of deliveries, and how each channel does."""
