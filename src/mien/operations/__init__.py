"""What the API promises, one file per family; nothing about HTTP."""
