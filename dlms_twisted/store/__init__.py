"""
The journal: durable segments, replay state, quarantine, retention and queries.
"""
