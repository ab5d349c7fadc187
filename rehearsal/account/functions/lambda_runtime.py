"""The inside of an invocation: calls a handler with the event on standard input and writes the result.

Run as a script in a process of its own (`python -I lambda_runtime.py CODE HANDLER RESULT`): it imports
nothing of this project, because the handler's own modules must come first.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, SimpleNamespace

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Call the handler named on the command line; an exception becomes Lambda's error document."""
    code, handler, result = sys.argv[1:]
    # When the emulated account dies, so does the invocation, with the programs that the handler started.
    signal.signal(signal.SIGTERM, _end_group)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    sys.path.insert(0, code)
    module, function = handler.rsplit(".", 1)
    event = json.load(sys.stdin)
    try:
        context = SimpleNamespace(function_name=handler, aws_request_id=event.get("RequestId", ""))
        result_of_handler = getattr(importlib.import_module(module), function)(event, context)
        text = json.dumps({"result": result_of_handler})
    except Exception as error:
        traceback.print_exc()
        text = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
    Path(result).write_text(text, encoding="utf-8")


def _end_group(_number: int, _frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL)


main()
