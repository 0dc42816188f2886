"""Runs into medians, medians into tables, tables into docs/performance.md between its two markers."""

import statistics
from collections.abc import Callable
from pathlib import Path

from harness.load import Result, Suite

def markers(command: str) -> tuple[str, str]:
    """Between them in the page is what a command writes: "bench", "bench kubernetes"."""
    return f"<!-- {command}: begin (written by ./dev {command}; edits here are lost) -->", f"<!-- {command}: end -->"


class Report:
    """All runs of one measurement. `start_ms` and `pss_mib` are per server, by its name."""

    def __init__(self, servers: dict[str, str], suites: list[Suite]):
        self.versions = servers
        self.suites = suites
        self.results: list[Result] = []
        self.start_ms: dict[str, list[float]] = {name: [] for name in servers}
        self.pss_mib: dict[str, float] = {}
        self.differences: list[str] = []

    def _runs(self, server: str, suite: str) -> list[Result]:
        return [run for run in self.results if (run.server, run.suite) == (server, suite)]

    def median(self, server: str, suite: str, value: Callable[[Result], float]) -> float | None:
        """Over the rounds; None where there was no run."""
        runs = self._runs(server, suite)
        return statistics.median(map(value, runs)) if runs else None

    def median_ratio(self, server: str, base: str, suite: str) -> float | None:
        """CPU per query of one server over that of another in the same round."""
        pairs = list(zip(self._runs(server, suite), self._runs(base, suite)))
        return statistics.median(run.cpu_ns / other.cpu_ns for run, other in pairs) if pairs else None

    def complaints(self) -> list[str]:
        """Wrong and lost replies: where there are many, the figures beside them mean little."""
        return [
            f"{r.server}, {r.suite}: {r.wrong} wrong and {r.lost} lost of {r.answered + r.lost}"
            + (f" ({r.first_wrong})" if r.first_wrong else "")
            for r in self.results
            if r.wrong or r.lost
        ]

    # ---- tables

    def tables(self) -> str:
        sections = [
            self._by_suite("Server CPU per query (utime + stime over answers), ns", lambda run: run.cpu_ns, "{:,.0f}"),
            self._ratios(),
            self._by_suite("Queries per second, one worker", lambda run: run.qps, "{:,.0f}"),
            self._by_suite(
                "Share of the time in which the server ran (near 1: the load is not what limits)",
                lambda run: run.busy,
                "{:.2f}",
            ),
        ]
        sections += [self._latencies(suite) for suite in self.suites if suite.rate]
        sections.append(self._footprint())
        return "\n\n".join(section for section in sections if section)

    def _by_suite(self, title: str, value: Callable[[Result], float], form: str) -> str:
        rows = [
            [name, *(_cell(self.median(name, suite.name, value), form) for suite in self.suites)]
            for name in self.versions
        ]
        return f"{title}\n\n{table(['server', *(suite.title for suite in self.suites)], rows)}"

    def _ratios(self) -> str:
        """What podnamed costs beside each other server: the figures that the budgets are about."""
        rows = [
            [f"podnamed / {name}"]
            + [_cell(self.median_ratio("podnamed", name, suite.name), "{:.2f}") for suite in self.suites]
            for name in self.versions
            if name != "podnamed"
        ]
        if "podnamed" not in self.versions or not rows:
            return ""
        return "CPU per query of podnamed over that of another in the same round\n\n" + table(
            ["ratio", *(suite.title for suite in self.suites)], rows
        )

    def _latencies(self, suite: Suite) -> str:
        quantiles = ("p50", "p99", "p99.9")
        rows = [
            [name, *(_cell(self.median(name, suite.name, lambda run: run.latency_us[q]), "{:,.0f}") for q in quantiles)]
            for name in self.versions
        ]
        return f"Latency, {suite.title}, from when a query was due to its reply, µs\n\n" + table(
            ["server", *quantiles], rows
        )

    def _footprint(self) -> str:
        rows = [
            [
                name,
                _cell(statistics.median(self.start_ms[name]) if self.start_ms[name] else None, "{:,.0f}"),
                _cell(self.pss_mib.get(name), "{:,.1f}"),
                version,
            ]
            for name, version in self.versions.items()
        ]
        return "Start (exec to the first right answer) and memory after the loads\n\n" + table(
            ["server", "start ms", "PSS MiB", "version"], rows
        )

    def to_json(self) -> dict:
        return {
            "versions": self.versions,
            "start_ms": self.start_ms,
            "pss_mib": self.pss_mib,
            "differences": self.differences,
            "median_cpu_ns": {
                name: {suite.name: self.median(name, suite.name, lambda run: run.cpu_ns) for suite in self.suites}
                for name in self.versions
            },
            "runs": [result.to_json() for result in self.results],
        }


def write_section(page: Path, command: str, text: str) -> None:
    """Puts the text between the command's markers of a page that has them."""
    content = page.read_text()
    first, last = markers(command)
    before, begin, rest = content.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{page} has no section between '{first}' and '{last}'")
    page.write_text(f"{before}{first}\n\n{text.strip()}\n\n{last}{after}")


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table whose columns line up as plain text too."""
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    aligned = [
        [cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(zip(line, widths))]
        for line in [header, *rows]
    ]
    rule = ["-" * (width - 1) + ":" if column else "-" * width for column, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [aligned[0], rule, *aligned[1:]])
