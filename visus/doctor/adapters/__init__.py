"""The doctor inside other trainers: one callback each for Lightning, Hugging Face and skorch.

Each file needs its own package and imports it when it is imported itself; this folder needs none of them.
"""
