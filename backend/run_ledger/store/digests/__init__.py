"""Which digests have been sent, and who has switched them off."""
