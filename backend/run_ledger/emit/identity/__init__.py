"""Who a job is: its ids, and what the scheduler around it says."""
