"""Deploying a stage: bundles, the bucket that they go to, change sets, and the site."""
