"""Which job it is and where to report it, as the caller, the scheduler or the environment says.

Imports nothing of the product; `environment` is what reads the process's environment.
"""
