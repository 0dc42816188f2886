"""The examples in docs/plugins: a Corefile, and what a person types and sees with it."""

import os
import re
import shlex

from .programs import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example:
    """The page's first fence `corefile`, its fences `console` as [(command, lines it prints)], and the lines
    of its fences `log`, which the server writes."""

    def __init__(self, plugin, ports):
        """`ports`: {port of the page: a free one}; also in what is printed, for a page to be true anywhere."""
        self.ports = ports
        with open(os.path.join(ROOT, "docs", "plugins", f"{plugin}.md"), encoding="utf-8") as file:
            fences = FENCE.findall(file.read())
        self.corefile = self.with_our_ports(next(text for language, text in fences if language == "corefile"))
        self.log = "".join(text for language, text in fences if language == "log").splitlines()
        self.steps = []
        for line in "".join(text for language, text in fences if language == "console").splitlines():
            if line.startswith("$ "):
                self.steps.append((self.with_our_ports(line[2:]), []))
            else:
                self.steps[-1][1].append(self.with_our_ports(line))

    def with_our_ports(self, text):
        for port, ours in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(ours), text)
        return text

    def run(self, run_command):
        """Each command by /bin/sh from the repository's root; whatever differs from the page is an error."""
        for command, expected in self.steps:
            printed = run_command(command).splitlines()
            assert printed == expected, f"$ {shlex.quote(command)}"
