"""
Key stores by system title, and persisted transmit counters.
"""
