"""Bytes in, bytes out; the only folder that knows HTTP."""
