"""Starts the `mien` command. An interrupt while its modules are loading ends it without a traceback."""

import signal


def main() -> int:
    """Runs the command that the arguments name, and returns its exit code."""
    try:
        from mien import cli  # noqa: PLC0415  so that an interrupt meanwhile is caught

        return cli.main()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    raise SystemExit(main())
