"""What is kept of single jobs, of which something may be told."""
