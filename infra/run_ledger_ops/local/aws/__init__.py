"""What runs inside the local AWS's own process, and so imports the standard library alone.

program       starts the local AWS behind the front
corrections   where ministack departs from AWS, or repeats work, at a price that a laptop notices
front         sees the calls of the bus, and answers none before its events are on the disk
prepared_process, forked_workers   functions' workers, forked from what has imported their code
shared_code   the code of functions, unpacked once
stream_windows, stream_reading     batches of tables' streams, beside those of queues
transaction_tokens   what is known of transactions by their tokens
event_file    the file that keeps them: many events, one wait for the disk
"""
