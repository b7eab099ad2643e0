"""Audit checks of marked objects, one per file: `check(evidence) -> Verdict`. None writes into the data's folder."""
