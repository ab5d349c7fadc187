"""The inside of an invocation: calls a handler with the event on standard input and writes the result.

Run as a script in a process of its own (`python -I lambda_runtime.py CODE HANDLER RESULT`): it imports
nothing of this project, because the handler's own modules must come first.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace


def main() -> None:
    """Call the handler named on the command line; an exception becomes Lambda's error document."""
    code, handler, result = sys.argv[1:]
    sys.path.insert(0, code)
    module, function = handler.rsplit(".", 1)
    event = json.load(sys.stdin)
    try:
        context = SimpleNamespace(function_name=handler, aws_request_id=event.get("RequestId", ""))
        answer = {"result": getattr(importlib.import_module(module), function)(event, context)}
    except Exception as error:
        traceback.print_exc()
        answer = {"errorMessage": str(error), "errorType": type(error).__name__}
    Path(result).write_text(json.dumps(answer), encoding="utf-8")


main()
