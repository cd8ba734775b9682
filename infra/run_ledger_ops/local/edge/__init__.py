"""One origin for site, API and sign-in, as CloudFront has in AWS."""
