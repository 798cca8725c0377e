"""
Wired M-Bus frames that carry DLMS (EN 13757-2 and -3), as Austrian and other meters push them.
"""
