"""What comes from API Gateway and goes back to it, alike for the read API and the intake."""
