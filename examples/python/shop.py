"""A shop's API in WSGI, behind stkgate: python3 shop.py [PORT]"""

import http
import sys
from wsgiref.simple_server import make_server

import stkgate


class Guard:
    """WSGI middleware: lets a call through to app, or answers it."""

    def __init__(self, app, gate, scopes):
        self.app, self.gate, self.needed = app, gate, gate.scopes(scopes)

    def __call__(self, environ, start_response):
        # Taken out: what stands behind here has no use for credentials.
        token = environ.pop("HTTP_X_STELLA_TOKEN", None)
        api_key = environ.pop("HTTP_X_API_KEY", None)
        authorization = environ.pop("HTTP_AUTHORIZATION", None)
        try:
            verdict = self.gate.check(token=token, api_key=api_key, authorization=authorization,
                                      site=environ.get("HTTP_X_SITE_ID"),
                                      origin=environ.get("HTTP_ORIGIN"), scopes=self.needed)
        except stkgate.Unavailable as failure:
            print(failure, file=environ["wsgi.errors"])
            verdict = failure.verdict
        if verdict.status != 200:
            start_response(f"{verdict.status} {http.HTTPStatus(verdict.status).phrase}",
                           verdict.headers + [("Content-Type", "application/problem+json"),
                                              ("Content-Length", str(len(verdict.problem)))])
            return [verdict.problem]
        environ.update(STKGATE_KEY_ID=verdict.key_id, STKGATE_SITE=verdict.site,
                       STKGATE_SCOPES=verdict.scopes)

        def with_fields(status, headers, exc_info=None):
            return start_response(status, headers + verdict.headers, exc_info)
        return self.app(environ, with_fields)


def cart(environ, start_response):
    """The API itself."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"cart of {environ['STKGATE_SITE']}\n".encode()]


if __name__ == "__main__":
    api = Guard(cart, stkgate.Gate("storefront"), "cart:write")
    with make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080, api) as server:
        print(f"port {server.server_port}", flush=True)
        server.serve_forever()
