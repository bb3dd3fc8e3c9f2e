"""Speaks HTTP and AWS JSON: turns bytes into typed requests, and responses into bytes."""
