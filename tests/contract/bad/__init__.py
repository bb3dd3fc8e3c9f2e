"""The table of bad requests: one row, one request, one exact answer."""
