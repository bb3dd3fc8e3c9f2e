"""Implements the operations of the API, a file for each family, and what they share; knows nothing of HTTP."""
