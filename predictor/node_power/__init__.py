"""Power of whole nodes from how busy they are: what is asked of the node-power models, and what a CPU's name tells."""
