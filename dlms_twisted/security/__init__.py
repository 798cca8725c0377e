"""
Security suites, ciphering, signatures, key agreement, HLS, replay windows and policies.
"""
