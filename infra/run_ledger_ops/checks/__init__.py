"""How a deployed system is, and what lies in its dead-letter queues."""
