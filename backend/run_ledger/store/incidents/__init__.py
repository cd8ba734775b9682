"""Incidents: what is kept of each cause, and the ends of jobs as their items show them."""
