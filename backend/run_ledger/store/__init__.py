"""The only callers of DynamoDB."""
