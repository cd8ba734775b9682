"""Pictures of what people see: `make screenshots`."""
