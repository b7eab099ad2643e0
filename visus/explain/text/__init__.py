"""Ways of looking inside a language model, one per file: `read(network, ids, symbols, ...) -> Reading`.

`network(tokens (B, T), state) -> (scores (B, T, V), state)`, a state being a tuple of tensors with the batch first, and
None before anything was read. `ids`: int64 (T,), the text; `symbols`: the V symbols, of which it is made. Further
arguments are the technique's own settings, typed and with defaults. Mode, gradients and weights of the network
are left as they were.
"""
