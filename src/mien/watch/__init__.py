"""What happens here, told: log, metrics, traces, readiness."""
