"""What the local kubelet knows: names of pods and containers, and who holds which GPU. Never the API server."""
