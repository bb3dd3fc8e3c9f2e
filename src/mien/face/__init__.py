"""Face recognition: arrays in, values out, without files, settings or the names of AWS's API."""
