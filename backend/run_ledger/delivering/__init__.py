"""What brings notices to people: the queue of deliveries, and the channels that it leads to."""
