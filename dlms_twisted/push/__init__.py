"""
The collector's pipeline: sources, queue, session.notification, journal.
"""
