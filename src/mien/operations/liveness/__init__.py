"""The operations about living faces: sessions, the stream that fills one, what it follows from, and single pictures."""
