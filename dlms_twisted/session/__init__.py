"""
Conversations as sans-IO machines: notifications, block transfer, associations.
"""
