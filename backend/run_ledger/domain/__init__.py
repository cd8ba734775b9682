"""The contract, the fold, the rollups and the API's shapes: values and rules, without AWS."""
