"""The tables, a file for each noun, in plain SQL over `Database`."""
