"""How a scan keeps its candidates: bits of a row's number, and the room for rows that are not near enough."""

BLOCK = 512  # rows whose sketches and distances fit in the first-level cache
PLACE = 40  # bits of a row's number
MASK = (1 << PLACE) - 1
SCRATCH = 3  # candidates kept, for each one wanted, before the threshold is lowered
