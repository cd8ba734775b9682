"""What is told of failing pipelines: declared rules, and the fold that decides by them."""
