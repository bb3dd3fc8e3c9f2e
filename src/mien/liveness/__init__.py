"""What a film of a liveness session shows: numbers about its frames in, a decision out."""
