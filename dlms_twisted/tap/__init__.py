"""
Composition roots of the C{twistd} plugins.
"""
