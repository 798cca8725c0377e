"""
Tests of L{dlms_twisted.store}.
"""
