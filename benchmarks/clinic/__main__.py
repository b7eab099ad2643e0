"""`python -m benchmarks.clinic STAGE`."""

from .run import main

if __name__ == "__main__":  # worker processes import this file too
    main()
