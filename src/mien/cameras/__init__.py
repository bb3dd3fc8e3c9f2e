"""Who comes and goes before cameras: looks at them, events to standard output and a webhook, portraits."""
