"""The validator as a Lambda function: the event is the request, and the result is the answer."""
from . import commands
from .supervisor import Supervisor

MARGIN = 5  # seconds before the function's time-out that the last file has to be done

supervisor = Supervisor()
supervisor.importer.launch()  # not waited for: what takes longer than 10 s here, Lambda would begin again


def handler(event, context):
    left = context.get_remaining_time_in_millis() / 1000 - MARGIN
    return commands.respond(supervisor, dict(event, budget=min(event.get("budget") or left, left)) if isinstance(event, dict) else event)
