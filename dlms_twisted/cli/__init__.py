"""
The C{dlms} command line (composition roots).
"""
