"""AWS's list prices in USD, of us-east-1 and without free tiers.

Source: the pages aws.amazon.com/SERVICE/pricing of eventbridge, sqs, lambda, dynamodb, cloudwatch,
cognito, api-gateway, cloudfront and kms, as they were collected for this project in November 2026.
No bill of AWS's was seen.
"""

from __future__ import annotations

SOURCE = "list prices of us-east-1 in November 2026, without free tiers"

MILLION = 1_000_000
HOURS_A_MONTH = 730
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
DAYS_A_MONTH = HOURS_A_MONTH / 24

# For a million of each.
EVENT, QUEUE_REQUEST, INVOCATION = 1.00, 0.40, 0.20
WRITE_UNIT, READ_UNIT = 0.625, 0.125
API_REQUEST, SITE_REQUEST = 3.50, 1.00
# For a GB: once where it comes in, each month where it is kept.
ARCHIVED_GB, ARCHIVE_GB_MONTH = 0.10, 0.023
TABLE_GB_MONTH, RESTORABLE_GB_MONTH = 0.25, 0.20
LOG_GB, LOG_GB_MONTH, QUERIED_GB = 0.50, 0.03, 0.005
TRANSFER_GB = 0.085
GB_SECOND = 0.0000133334
"""Of a function on arm64."""

# For each a month. An alarm costs for each metric that it reads, by metric math or not; an own
# metric costs for the hours in which it has a value.
ALARM_METRIC, OWN_METRIC, DASHBOARD, KEY = 0.10, 0.30, 3.00, 1.00
MACHINE_CLIENT, MACHINE_TOKEN = 6.00, 0.00225
"""An app client for machines by the month, and each token that it is given."""
