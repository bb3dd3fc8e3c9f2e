"""Collections brought in, out, and from one pack to another; the work behind `mien import`, `export` and `reindex`."""
