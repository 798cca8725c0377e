"""
C{python -m dlms_twisted.cli}: the C{dlms} command.
"""

from dlms_twisted.cli.main import main

main()
