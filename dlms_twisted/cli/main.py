"""
C{dlms}: the group of commands; each is imported when it is called.
"""

from __future__ import annotations

import importlib
import sys

import click

import dlms_twisted
from dlms_twisted.errors import ConfigurationError, DLMSError

#: Command to the module whose C{command} it is.
COMMANDS = {
    "action": "dlms_twisted.cli.action",
    "classes": "dlms_twisted.cli.classes",
    "clock": "dlms_twisted.cli.clock",
    "decode": "dlms_twisted.cli.decode",
    "demo": "dlms_twisted.cli.demo",
    "encode": "dlms_twisted.cli.encode",
    "image": "dlms_twisted.cli.image",
    "journal": "dlms_twisted.cli.journal",
    "keys": "dlms_twisted.cli.keys",
    "listen": "dlms_twisted.cli.listen",
    "objects": "dlms_twisted.cli.objects",
    "profile": "dlms_twisted.cli.profile",
    "read": "dlms_twisted.cli.read",
    "set": "dlms_twisted.cli.set",
    "simulate": "dlms_twisted.cli.simulate",
}


class LazyGroup(click.Group):
    """
    A group that imports a command when it is wanted, so that C{dlms --version} is quick.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """
        @return: all names, in order.
        """
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """
        @return: the command, or L{None} for a name that there is not.
        """
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dlms_twisted.__version__, prog_name="dlms")
def dlms() -> None:
    """DLMS/COSEM meters: decode, collect, inspect."""


def main(arguments: list[str] | None = None) -> None:
    """
    The console script.  Exit codes: 0 done, 1 the data or the meter refused, 2 usage or configuration;
    errors are one line on stderr.
    """
    try:
        code = dlms.main(arguments, prog_name="dlms", standalone_mode=False)
    except click.exceptions.Abort:
        code = 1
        click.echo("dlms: interrupted", err=True)
    except click.UsageError as error:
        where = f" {error.ctx.command_path.partition(' ')[2]}".rstrip() if error.ctx else ""
        click.echo(f"dlms{where}: {error.format_message()}", err=True)
        code = 2
    except click.ClickException as error:
        click.echo(f"dlms: {error.format_message()}", err=True)
        code = error.exit_code
    except ConfigurationError as error:
        click.echo(f"dlms: {error}", err=True)
        code = 2
    except DLMSError as error:
        click.echo(f"dlms: {error}", err=True)
        code = 1
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
