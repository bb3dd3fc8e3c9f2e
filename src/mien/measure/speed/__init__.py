"""Measures mien's speed on this machine, beside its floor: the bare network calls in the same run (`mien bench`)."""
