"""From the bytes of an image, or the S3 object that holds them, to upright pixels."""
