"""What the demo's parts share to report: its events, the local stack's bus, the signal to stop."""
