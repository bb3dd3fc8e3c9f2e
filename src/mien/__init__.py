"""mien: a self-hosted face recognition server that speaks the AWS Rekognition face API."""

__version__ = "0.1.0"
