"""The processes that serve on one port, and the parent that starts, watches and replaces them."""
