"""Generated from proto/exporter/kubernetes/podresources: the kubelet's own account of who was given which device."""
