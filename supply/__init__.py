"""What mien installs: its pins, and their licences."""
