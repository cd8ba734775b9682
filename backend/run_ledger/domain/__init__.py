"""The contract, the fold and the rollups: values and rules, no AWS, no clock, no environment."""
