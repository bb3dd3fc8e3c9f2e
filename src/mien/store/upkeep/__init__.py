"""Work on whole stores: backup, check, compact, sweep, copy."""
