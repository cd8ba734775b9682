"""The CloudWatch dashboard: described here, generated into the template.

After a change: ``python -m run_ledger_ops.dashboard``. A test fails while the template holds
another one than these modules describe.
"""
