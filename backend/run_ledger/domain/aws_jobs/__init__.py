"""Jobs that services of AWS run: which are whose, and what their states come to as events."""
