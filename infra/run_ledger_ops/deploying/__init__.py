"""Deploying: artefacts, change sets, the site, and what people are told of them."""
