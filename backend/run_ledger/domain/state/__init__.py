"""What events come to: the state of jobs and projects, and the rollups over them."""
