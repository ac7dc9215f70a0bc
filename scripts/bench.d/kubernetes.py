"""Measures from beside the agents, for kubernetes.sh.

  kubernetes.py edits CLUSTER FILE COUNT        the time from a request that edits a pool to FILE as it says, in ms
  kubernetes.py requests NAME CLUSTER SECONDS   what the API server was asked for our objects meanwhile
"""

import http.client
import json
import pathlib
import random
import re
import ssl
import statistics
import sys
import time

OURS = {
    "spiderippools", "spiderreservedips", "spidermultusconfigs", "ipvlannodes", "ipvlanblocks", "nodes", "pods", "namespaces",
    "network-attachment-definitions", "leases", "events",
}


class Server:
    """The API server of scripts/api-server, asked by its administrator over one connection."""

    def __init__(self, cluster):
        self.context = ssl.create_default_context(cafile=cluster / "ca.crt")
        self.context.load_cert_chain(cluster / "admin.crt", cluster / "admin.key")
        self.port = int((cluster / "port").read_text())
        self.connection = None

    def ask(self, method, path, body=None, kind="application/json"):
        if not self.connection:
            self.connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=30)
        headers = {"Content-Type": kind} if body else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return text

    def counts(self):
        """How often each verb was used on each of our resources since the server's start."""
        found = {}
        for line in self.ask("GET", "/metrics").decode().splitlines():
            if not line.startswith("apiserver_request_total{"):
                continue
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if labels.get("resource") in OURS:
                key = (labels["verb"], labels["resource"], labels.get("subresource", ""))
                found[key] = found.get(key, 0) + float(line.rsplit(" ", 1)[1])
        return found


def edits(cluster, file, count):
    server = Server(cluster)
    times = []
    for number in range(count):
        # Further apart than the agent's shortest time between two writes, at no fixed distance from them.
        time.sleep(random.uniform(1.6, 2.6))
        address = f"10.0.0.{100 + number % 100}"
        body = json.dumps({"spec": {"ips": [address]}})
        start = time.monotonic()
        server.ask(
            "PATCH", "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/bench-0000", body, "application/merge-patch+json")
        while f'"{address}"' not in file.read_text():
            if time.monotonic() > start + 30:
                raise SystemExit(f"the agent did not write {address} within 30 s")
            time.sleep(0.001)
        times.append((time.monotonic() - start) * 1000)
    times.sort()
    print(f"edit-median {statistics.median(times):.0f}")
    print(f"edit-p99 {times[int(len(times) * 0.99)]:.0f}")


def requests(name, cluster, seconds):
    server = Server(cluster)
    samples = [(time.monotonic(), server.counts())]
    while samples[-1][0] < samples[0][0] + seconds:
        time.sleep(0.3)
        samples.append((time.monotonic(), server.counts()))
    lists = [(when, sum(n for (verb, *_), n in counts.items() if verb == "LIST")) for when, counts in samples]
    # A server that has just started has answered some before the first look.
    most = lists[0][1] if name == "restart" else 0
    for index, (when, number) in enumerate(lists):
        later = next((other for other in lists[index:] if other[0] >= when + 1), None)
        if later:
            most = max(most, (later[1] - number) / (later[0] - when))
    print(f"{name}-lists-a-second {most:.0f}")
    before, after = samples[0][1] if name == "idle" else {}, samples[-1][1]
    changed = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    text = ", ".join(f"{verb} {'/'.join(filter(None, what))} {int(n)}" for (verb, *what), n in sorted(changed.items()))
    print(f"{name}-requests {text or 'none'}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["edits", cluster, file, count]:
            edits(pathlib.Path(cluster), pathlib.Path(file), int(count))
        case ["requests", name, cluster, seconds]:
            requests(name, pathlib.Path(cluster), int(seconds))
        case _:
            raise SystemExit(__doc__)
