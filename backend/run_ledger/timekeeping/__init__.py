"""What time decides: runs that were missed, jobs that go on too long, projects that are due."""
