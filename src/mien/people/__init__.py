"""Groups the faces of people whom nobody has named yet: arrays in, labels out; knows nothing of SQL or pictures."""
