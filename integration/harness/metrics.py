"""Prometheus's text format 0.0.4, read strictly: whatever a scraper could stumble over is an error here."""

import http.client
import re

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)$")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


class Metrics(dict):
    """The samples: {(name, frozenset of label pairs): value}."""

    def __init__(self):
        super().__init__()
        self.types = {}

    def value(self, name, **labels):
        return self[(name, frozenset(labels.items()))]

    def series(self, name):
        """{label pairs as a dictionary's items: value} of all samples of that name."""
        return {labels: value for (known, labels), value in self.items() if known == name}


def parse_labels(text):
    labels, position = {}, 0
    while position < len(text):
        match = LABEL.match(text, position)
        assert match, f"labels: {text}"
        name, value, _ = match.groups()
        assert name not in labels, f"label twice: {text}"
        labels[name] = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), value)
        position = match.end()
    return labels


def parse(text):
    """The metrics of a page. Every family is introduced by its help and type, stands in one piece and has no sample
    twice; a histogram's buckets grow, and its last is its count."""
    assert text.endswith("\n")
    metrics, helps, family = Metrics(), set(), None
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            match = COMMENT.match(line)
            assert match, line
            what, name, rest = match.groups()
            if what == "HELP":
                assert name not in helps, f"stands twice: {line}"
                helps.add(name)
            else:
                assert name not in metrics.types and rest in ("counter", "gauge", "histogram"), line
                assert name in helps, f"no help: {line}"
                metrics.types[name] = rest
            family = name
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, labels, value = match[1], parse_labels(match[2] or ""), float(match[3])
        allowed = [family + suffix for suffix in SUFFIXES.get(metrics.types[family], ("",))]
        assert name in allowed, f"{line} stands in {family}"
        key = (name, frozenset(labels.items()))
        assert key not in metrics, f"stands twice: {line}"
        assert metrics.types[family] != "counter" or (value >= 0 and name.endswith("_total")), line
        metrics[key] = value
    for name, kind in metrics.types.items():
        if kind == "histogram":
            check_histogram(metrics, name)
    return metrics


def scrape(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("Content-Type")) == (200, TEXT_FORMAT)
        return parse(reply.read().decode())
    finally:
        connection.close()


def check_histogram(metrics, name):
    for labels, count in metrics.series(f"{name}_count").items():
        buckets = sorted(
            (float(dict(bucket)["le"]), value)
            for bucket, value in metrics.series(f"{name}_bucket").items()
            if frozenset(pair for pair in bucket if pair[0] != "le") == labels
        )
        values = [value for _, value in buckets]
        assert values == sorted(values) and buckets[-1] == (float("inf"), count), name
        assert (f"{name}_sum", labels) in metrics, name
