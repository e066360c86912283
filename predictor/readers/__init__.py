"""Records from files and stores: each reader knows one format, all refuse the same things in the same words."""
