"""Three small pipelines that enrich the made-up records which come with the product.

    record_batches   reads raw records in batches, broken lines included
    contacts         normalises names, addresses, telephone numbers and dates
    suppliers        finds the supplier of the master list that a mention means
    products         finds the category that a product's title belongs to

The records have the faults that such files have: text in another encoding, lines cut short, missing
fields, an export whose columns changed. These faults are the only cause of failures. The pipelines
ask no language model, so they report no tokens.
"""
