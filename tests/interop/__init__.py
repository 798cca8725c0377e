"""
Other people's DLMS software as black boxes: skipped where it is not installed.
"""
