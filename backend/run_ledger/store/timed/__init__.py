"""What is read and kept to judge by time: runs, levels, watches, and how far the intake is."""
