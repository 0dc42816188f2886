"""Text for Corefiles."""


def block(port, directives, zone=".", bind="127.0.0.1"):
    return f"{zone}:{port} {{\n bind {bind}\n {directives}\n}}\n"
