"""Training of the node-power models: the wall, CPU packages, memory and GPUs, each from how busy it is."""
