"""The servers that forward to another one, each on one CPU with one thread: podnamed's cache and upstreams beside those of
unbound, dnsmasq and Knot Resolver. All trust their upstream: nothing is validated."""

from pathlib import Path

from harness import servers
from harness.servers import Setting, first_line_of, program

CACHE_SECONDS = 3600  # what is kept stays for a run, whatever its TTL
DNSMASQ_ENTRIES = 10_000


class Resolver(servers.Server):
    """Forwards everything to a server on loopback. Without `caches` every query goes there."""

    def __init__(self, setting: Setting, upstream: int, caches: bool):
        self.upstream, self.caches = upstream, caches
        super().__init__(setting)


class Podnamed(Resolver):
    name = "podnamed"
    find = servers.Podnamed.find

    def command(self, directory: Path) -> list[str]:
        cache = f"    cache {{\n        success 9984 {CACHE_SECONDS} {CACHE_SECONDS}\n    }}\n" if self.caches else ""
        corefile = directory / "Corefile"
        corefile.write_text(f".:{self.port} {{\n{cache}    forward . 127.0.0.1:{self.upstream}\n}}\n")
        return [str(self.setting.podnamed), "-workers", "1", "-inspect", "off", "-conf", str(corefile)]


class Unbound(Resolver):
    name = "unbound"

    def find(self) -> str:
        self.path = program("unbound", "unbound")
        return first_line_of([self.path, "-V"])

    def command(self, directory: Path) -> list[str]:
        size = "64m" if self.caches else "0"
        least, most = (CACHE_SECONDS, 86400) if self.caches else (0, 0)
        configuration = directory / "unbound.conf"
        configuration.write_text(
            f"""\
server:
    interface: 127.0.0.1
    port: {self.port}
    num-threads: 1
    do-daemonize: no
    do-ip6: no
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    module-config: "iterator"
    do-not-query-localhost: no
    outgoing-range: 4096
    num-queries-per-thread: 2048
    msg-cache-size: {size}
    rrset-cache-size: {size}
    cache-min-ttl: {least}
    cache-max-ttl: {most}
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{self.upstream}
remote-control:
    control-enable: no
"""
        )
        return [self.path, "-d", "-c", str(configuration)]


class Dnsmasq(Resolver):
    name = "dnsmasq"
    keeps_connections = False

    def find(self) -> str:
        self.path = program("dnsmasq", "dnsmasq-base")
        return first_line_of([self.path, "--version"])

    def command(self, directory: Path) -> list[str]:
        entries, least = (DNSMASQ_ENTRIES, CACHE_SECONDS) if self.caches else (0, 0)
        words = [self.path, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="]
        words += ["--user=", f"--port={self.port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--log-facility=-"]
        return [*words, f"--server=127.0.0.1#{self.upstream}", f"--cache-size={entries}", f"--min-cache-ttl={least}", "--dns-forward-max=4096"]


class KnotResolver(Resolver):
    name = "Knot Resolver"

    def find(self) -> str:
        self.path = program("kresd", "knot-resolver")
        return first_line_of([self.path, "--version"])

    def command(self, directory: Path) -> list[str]:
        flags = "" if self.caches else "policy.add(policy.all(policy.FLAGS({'NO_CACHE'})))\n"
        least = f"cache.min_ttl({CACHE_SECONDS})\n" if self.caches else ""
        configuration = directory / "kresd.conf"
        configuration.write_text(
            f"""\
net.ipv6 = false
net.listen('127.0.0.1', {self.port}, {{ kind = 'dns' }})
trust_anchors.remove('.')
cache.size = 64 * MB
{least}{flags}policy.add(policy.all(policy.STUB({{'127.0.0.1@{self.upstream}'}})))
"""
        )
        return [self.path, "-n", "-c", str(configuration), str(directory)]


ALL: dict[str, type[Resolver]] = {
    "podnamed": Podnamed,
    "unbound": Unbound,
    "dnsmasq": Dnsmasq,
    "kresd": KnotResolver,
}
