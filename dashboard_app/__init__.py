"""The analysts' app. It knows the read API and nothing else of the ledger.

A folder may import those before it: `sign_in`, `api`, `frames`, `charts`, `ui`, `filters`, `pages`;
`frames` and `charts` know nothing of `api`, and no page another. `clock`, `words`, `periods`,
`session` and `app_settings` come before all, `context` before `ui`. `main`, `warming` and `app`
come last. Tests hold the exact table.
"""
