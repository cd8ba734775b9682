"""The CloudWatch dashboard. These modules describe it, and a program writes it into the template.

After a change here, run ``python -m run_ledger_ops.cloudwatch``. A test fails as long as the
template's dashboard differs from what these modules describe.
"""
