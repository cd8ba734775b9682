"""The analysts' app. It knows the read API and nothing else of the ledger.

Each line may import only lines above it. Tests hold the exact table.

    clock words periods session app_settings    files that import no other part of the app
    sign_in                                     signing in and out
    api                                         the read API's client
    frames                                      JSON to tables; knows nothing of `api`
    charts                                      tables to charts; knows nothing of `api`
    context                                     what every page works with
    ui                                          cards, tables, exports, messages
    filters                                     every filter, declared once
    pages                                       a folder each; no page imports another
    warming main app                            what the server runs
"""
