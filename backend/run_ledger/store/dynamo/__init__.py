"""How DynamoDB is spoken to: connection, values, expressions, batches, faults."""
