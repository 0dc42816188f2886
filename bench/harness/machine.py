"""What the machine is, and what processes use of it: read from /proc, for Linux alone."""

import os
import platform
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def process_tree(pid: int) -> list[int]:
    """The process and all that descend from it, as far as they live."""
    pids = [pid]
    for parent in pids:  # grows while it is read
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                pids += [int(child) for child in children.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                pass  # a thread that ended meanwhile
    return pids


def cpu_seconds(pid: int) -> float:
    """User and system time of the process tree so far."""
    ticks = 0
    for member in process_tree(pid):
        # The second field, the command, may hold blanks: count from its closing parenthesis.
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime, stime: fields 14 and 15 of proc(5)
    return ticks / TICKS_PER_SECOND


def pss_mib(pid: int) -> float:
    """Proportional set size of the process tree: memory, with shared pages counted once."""
    kib = 0
    for member in process_tree(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def status_mib(pid: int, field: str) -> float:
    """VmRSS, the memory that the process has, or VmHWM, the most that it had since the last reset_peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no {field}")


def reset_peak(pid: int) -> None:
    """From now on VmHWM is the peak since now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def loopback_octets() -> int:
    """What was sent over the loopback interface so far, with the headers of IP and TCP."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "lo":
            return int(counts.split()[0])
    raise OSError("there is no loopback interface")


def choose_cpus() -> tuple[int, int]:
    """One CPU for the server and one for the load; the same one twice where there is no other."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[-1]


def facts() -> dict[str, str | int | float]:
    """What a reader must know of the machine, and of what else it does, to compare figures."""
    cpu = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "unknown system")
    hypervisor = "hypervisor" in Path("/proc/cpuinfo").read_text()
    return {
        "cpu": cpu + (", virtual" if hypervisor else ""),
        "cpus": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "system": system,
        "load average": round(os.getloadavg()[0], 2),
    }
