"""The stages of `visus fit` that know worlds."""
