"""The analysts' app. It knows the read API and nothing else of the ledger.

Who may import whom: each line may import those above it, and its own folder.

1. `clock`, `words`, `session`, `periods`, `app_settings`
2. `api`, `sign_in`
3. `frames`
4. `charts`
5. `context`
6. `ui`
7. `filters`
8. `pages`, where no page imports another
9. `warming`, `main`, `app`

`api`, `frames` and `charts` do not import each other downwards either: `frames` does not import
`api`, and `charts` imports `frames` alone. `frames` never imports Streamlit.
"""
