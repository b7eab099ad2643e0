"""Looking inside a network, one technique per file: where it looks, what excites it, what it would draw.

A technique is a file with one of three functions; `network` always takes float pictures (B, 3, H, W) in [0, 1] and
returns unnormalised class scores (B, K), in evaluation mode (`_contract.unit_pixels` makes any shipped network do so):

    explain(network, images, targets, ...) -> Tensor   maps (B, H, W): how much each pixel matters to the score
    picture(network, ..., show) -> Tensor              pictures (B, 3, H, W) in [0, 1] made by following gradients
    sheets(network, ...) -> list[Sheet]                pictures that exist: filters, maps, patches, neighbours

A technique asks for what it needs by the names of its parameters, see `_contract.OFFERED`; all others are settings,
typed and with defaults. It leaves the network's weights, gradients, mode and hooks as they were.
"""
