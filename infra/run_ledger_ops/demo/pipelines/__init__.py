"""Three small enrichment pipelines that really work, on records that come with the product.

    record_batches   batches of raw records, read as they are, broken lines included
    contacts         normalising: names, addresses, telephone numbers, dates
    suppliers        matching: which supplier of the master list does a mention mean?
    products         classifying: into which category does a title belong?

The records are made up, and as dirty as such files are: text in another encoding, lines cut short,
fields missing, a supplier's export that changed its columns. What fails, fails by these alone.
No language model is asked, so no tokens are counted.
"""
