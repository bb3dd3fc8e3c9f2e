"""The library: what `from mien import Faces` gives, without a server."""
