"""
Meaning: OBIS codes, units, scaled values, interface classes, profiles, readings.
"""
