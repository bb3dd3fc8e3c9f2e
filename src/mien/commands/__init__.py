"""The commands of `mien`, one file for each family; `cli` adds them to the parser."""
