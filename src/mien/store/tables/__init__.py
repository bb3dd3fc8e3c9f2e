"""The tables, one file each, in plain SQL over `Database`."""
