"""Calls of DynamoDB: connection, values, expressions, batches, exceptions."""
