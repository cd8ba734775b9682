"""Find out which job it is and where to report it.

Imports the domain's contract alone. `environment` reads what the scheduler or the user has set.
"""
