"""The clinic: an honest benchmark of the doctor. Planted faults, hard healthy controls, and other doctors beside it.

VISUS_DATA=/path/to/sets python -m benchmarks.clinic all      # every stage; goes on where it was stopped
"""
