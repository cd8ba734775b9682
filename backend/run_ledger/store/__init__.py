"""The only callers of DynamoDB.

Folders import one another in one direction: ``dynamo`` knows none of the others, ``items`` knows
``dynamo``, and ``clients``, ``posting``, ``lists`` and ``audit`` know these two and not each other.
"""
