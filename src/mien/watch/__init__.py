"""Telemetry: log, metrics, traces and readiness; it is written after a request was answered."""
