"""Where a build gets the credentials of its role, as CodeBuild and ECS hand them out."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rehearsal.pipeline.roles import Session


@contextmanager
def credentials_of(session: Session) -> Iterator[str]:
    """Serve the credentials of a role on loopback; gives the address, which nobody can guess."""
    path = f"/v2/credentials/{secrets.token_urlsafe(24)}"
    expiration = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = json.dumps(
        {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "Token": session.token,
            "RoleArn": session.role_arn,
            "Expiration": expiration,
        }
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            if self.path != path:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing: the address is a secret."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # The end of a build waits until the server looks whether it is to end: by itself every half second.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
