"""The `visus` command."""

import sys


def main() -> None:
    """Run the command line and exit with 0, 1 (blocked or failed) or 2 (usage)."""
    from .cli._app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
