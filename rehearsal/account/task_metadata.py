"""The answer to a driver that asks where it runs: the task metadata of ECS, in the environment's first zone.

Off EC2 the driver takes its region and zone from here; it needs the zone to choose a mount target.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def task_metadata_server(port: int, *, account: str, region: str, zone: str) -> ThreadingHTTPServer:
    """A server on loopback that answers `GET /task` as ECS's metadata endpoint version 4 does."""
    task = {"TaskARN": f"arn:aws:ecs:{region}:{account}:task/rehearsal/0", "AvailabilityZone": zone}
    body = json.dumps(task).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
