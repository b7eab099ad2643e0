"""Audit checks, one per file: `check(evidence) -> Verdict`. None writes into the pictures' folder."""
