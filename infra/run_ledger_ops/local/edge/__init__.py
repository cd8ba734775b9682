"""Site, API and sign-in on one origin, as the deployed edge gives them."""
