"""The CloudWatch dashboard: described here, generated into the template.

After a change: ``python -m run_ledger_ops.cloudwatch``. A test fails while the template holds
another one than these modules describe.
"""
