"""Speaks HTTP and AWS JSON: from the bytes of a request to a typed value, and from a response back to bytes."""
