"""Bring a stage back: out of a state that can't be deployed to, or to the version before."""
