"""What a workload imports: intervals, back-dated batches, and the connection they share.

May import the vocabulary above it and the generated stubs, nothing else. One rule stands over all of it: the client
never breaks, blocks or slows what it measures.
"""
