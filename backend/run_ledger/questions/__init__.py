"""Questions about a ledger that an assistant may ask, answered by the read API's own figures.

Each question is a tool in the sense of the Model Context Protocol. It asks the API as its caller,
so that it sees what the caller sees, and nothing else. It changes nothing.
"""
