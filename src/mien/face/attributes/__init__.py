"""What a face shows besides who it is: a file for each attribute, and the evidence that they share."""
