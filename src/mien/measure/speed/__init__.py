"""mien measured against its own floor, on the machine it is to run on: what `mien bench` prints."""
