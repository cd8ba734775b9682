"""The strictest policy under which the site has to work."""


def content_security_policy(identity_url: str) -> str:
    """Allow only what the site needs of the browser; people sign in at *identity_url*."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {identity_url}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "report-uri /csp-report",
        ]
    )
