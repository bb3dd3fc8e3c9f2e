"""Imports, exports and re-indexes collections: the work behind `mien import`, `mien export` and `mien reindex`."""
