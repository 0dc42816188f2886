#!/usr/bin/env python3
"""Do the pages tell the truth?

- Every command in README.md's ```sh fences is run by a test: it stands, whole and to the letter, as a line of a string
  in a test of integration, or as a line of .ci/run.
- Every `./dev WORD` in any page is a command of ./dev.
- Every path of this repository that a page links to or names in `code` exists; build/ is not looked into.

Prints each untruth as one line, `file:line: what`, and exits 1 if there was one.
"""
import ast
import pathlib
import re
import sys

FENCE = re.compile(r"\s*```(\w*)")
DEV_WORD = re.compile(r"\./dev +([a-z][a-z-]*)")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
NAMED_PATH = re.compile(r"`([\w.-]+/[\w./-]*)`")


def fenced_commands(page):
    """(line number, command) for each line in the page's sh fences; after a backslash a command goes on."""
    language, started, command = None, 0, ""
    for number, line in enumerate(page.splitlines(), start=1):
        if fence := FENCE.match(line):
            language = None if language is not None else fence[1]
        elif language == "sh" and line.strip() and not line.lstrip().startswith("#"):
            started, command = (started, command) if command else (number, "")
            command += line.strip().removesuffix("\\")
            if not line.endswith("\\"):
                yield started, command
                command = ""


def tested_commands(root):
    """Every command that some test runs, to the letter."""
    texts = [path.read_text() for path in [root / ".ci/run"] if path.exists()]
    for path in sorted((root / "integration").glob("test_*.py")):
        nodes = ast.walk(ast.parse(path.read_text()))
        texts += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {line.strip() for text in texts for line in text.splitlines()}


def dev_commands(root):
    """The commands that ./dev dispatches: the patterns of its last `case`."""
    dispatch = (root / "dev").read_text().rpartition('case "$command" in')[2]
    return set(re.findall(r"^\s+([a-z-]+)\)", dispatch, re.MULTILINE))


def check_page(root, page_path):
    page, folder = page_path.read_text(), page_path.parent
    where = page_path.relative_to(root).as_posix()
    if where == "README.md":
        tested = tested_commands(root)
        for number, command in fenced_commands(page):
            if command not in tested:
                yield f"{where}:{number}: no test runs this command: {command}"
    commands = dev_commands(root)
    top = {path.name for path in root.iterdir()} - {"build"}
    for number, line in enumerate(page.splitlines(), start=1):
        for word in DEV_WORD.findall(line):
            if word not in commands:
                yield f"{where}:{number}: ./dev knows no command {word}"
        for link in LINK.findall(line):
            if not (folder / link).exists():
                yield f"{where}:{number}: a link to {link}, which does not exist"
        for path in NAMED_PATH.findall(line):
            if path.split("/")[0] in top and not (root / path).exists():
                yield f"{where}:{number}: names {path}, which does not exist"


def pages(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "config").rglob("*.md")])


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = pages(root)
    errors = [error for page in found for error in check_page(root, page)]
    print("\n".join([*errors, f"pages: {len(found)} files, {len(errors)} untruths"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
