"""The operations about people, which are mien's own: named, merged, split, judged, grouped, and suggested."""
