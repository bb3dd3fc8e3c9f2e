"""mien measured: `mien eval` for accuracy, `mien bench` for speed."""
