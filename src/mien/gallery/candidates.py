"""How a scan keeps its candidates: bits of a row's number, and the room for rows that are not near enough."""

BLOCK = 8192  # rows whose sketches fit in the second-level cache, and their distances in the first
PLACE = 40  # bits of a row's number
MASK = (1 << PLACE) - 1
SCRATCH = 3  # candidates kept, for each one wanted, before the threshold is lowered
