"""view: blocks that share a zone, each for some queries."""

import os
import signal
import subprocess

from conftest import block, free_port
from harness.manifests import headless, pod
from harness.programs import BINARIES
from harness.upstreams import answer
from harness.waiting import wait_until
from test_health import scrape


def hosts(address):
    return f"hosts /dev/null {{\n {address} www.test\n }}"


def view(name, *expressions):
    return f"view {name} {{\n" + "".join(f" expr {expression}\n" for expression in expressions) + " }"


def dig(server, *words, source=None):
    """What dig +short prints, line by line; the status where that is nothing."""
    command = ["dig", "@127.0.0.1", "-p", str(server.port), *(("-b", source) if source else ()), *words]
    done = subprocess.run([*command, "+short"], capture_output=True, text=True, check=True)
    if done.stdout:
        return done.stdout.split()
    whole = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return whole.partition("status: ")[2].partition(",")[0]


def serve(lab, text, port):
    server = lab.serve(text, port)
    server.wait_for_log("is serving with")
    return server


def test_the_client_decides_and_the_views_are_counted(lab):
    port, page = free_port(), free_port()
    told = f"prometheus 127.0.0.1:{page}\n"
    text = block(port, f"{told} {view('near', 'incidr(client_ip(), `127.0.0.2/32`)')}\n {hosts('10.0.0.1')}")
    text += block(port, f"{told} {view('far', 'client_ip() == `127.0.0.3`', 'port() != ``')}\n {hosts('10.0.0.2')}")
    text += block(port, f"{told} cache\n {hosts('10.0.0.3')}")
    text += block(port, f"{view('never', 'false')}\n {hosts('10.0.0.4')}", zone="test")
    server = serve(lab, text, port)
    assert dig(server, "www.test", source="127.0.0.2") == ["10.0.0.1"], "a longer zone whose view does not hold is passed over"
    assert dig(server, "www.test", source="127.0.0.3") == ["10.0.0.2"]
    assert dig(server, "www.test", source="127.0.0.4") == ["10.0.0.3"]
    counted = scrape(page)
    where = {"server": f"dns://127.0.0.1:{port}", "zone": "."}
    for name in ("near", "far", ""):
        query = {"proto": "udp", "family": "1", "type": "A"}
        assert counted.value("coredns_dns_requests_total", view=name, **where, **query) == 1
    enabled = [dict(labels) for labels in counted.series("coredns_plugin_enabled")]
    assert {labels["view"] for labels in enabled if labels["name"] == "hosts"} == {"near", "far", ""}
    assert {labels["view"] for labels in enabled if labels["name"] == "view"} == {"near", "far"}


def test_the_address_that_was_asked_decides_without_bind(lab):
    """As it does with `bind`: over UDP and TCP, IPv4 and IPv6, on one socket for all of them."""
    port = free_port()
    text = "".join(
        f".:{port} {{\n {view(f'v{i}', f'server_ip() == `{address}`')}\n {hosts(f'10.0.0.{i}')}\n}}\n"
        for i, address in enumerate(("127.0.0.1", "127.0.0.2", "[::1]"))
    )
    serve(lab, text, port)
    for over in ("+notcp", "+tcp"):
        for i, address in enumerate(("127.0.0.1", "127.0.0.2", "::1", "127.0.0.3")):
            words = ["dig", f"@{address}", "-p", str(port), over, "www.test"]
            said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            assert (f"10.0.0.{i}\n" in said) if i < 3 else ("status: REFUSED" in said), said


def test_the_question_and_its_way_decide(lab, liar):
    port, addresses, rest = free_port(), liar(), liar()
    addresses.reply = lambda query: [answer(query, "10.0.0.6")]
    text = block(port, f"{view('addresses', 'type() in [`A`, `AAAA`] and not do()')}\n forward . 127.0.0.1:{addresses.port}")
    text += block(port, f"{view('streams', 'proto() == `tcp`')}\n {hosts('10.0.0.8')}")
    text += block(port, f"{view('text', 'type() == `TXT`')}\n template ANY ANY {{\n answer \"{{{{ .Name }}}} 5 IN TXT t\"\n }}")
    server = serve(lab, text, port)
    assert dig(server, "www.test") == ["10.0.0.6"]
    assert dig(server, "www.test", "+tcp", "+dnssec") == ["10.0.0.8"]
    assert dig(server, "www.test", "TXT") == ['"t"']
    assert dig(server, "www.test", "MX") == "REFUSED", "no block is for it"
    assert len(addresses.queries) >= 1 and not rest.queries


def test_a_pod_is_known_by_its_namespace(lab):
    lab.manifests.write("pods.yaml", headless("web", "prod"), pod("web-0", "127.0.0.2", "web", "prod"))
    port = free_port()
    cluster = f"kubernetes cluster.local {{\n manifests {lab.cluster_directory}\n fallthrough\n }}"
    text = block(port, f"{view('prod', 'metadata(`kubernetes/client-namespace`) == `prod`')}\n {cluster}\n {hosts('10.0.0.1')}")
    text += block(port, f"metadata\n {cluster}\n {hosts('10.0.0.2')}")
    server = serve(lab, text, port)
    wait_until(lambda: dig(server, "www.test", source="127.0.0.2") == ["10.0.0.1"], "the pod")
    assert dig(server, "www.test", source="127.0.0.3") == ["10.0.0.2"]


def test_aliases_are_followed_to_the_block_of_the_clients_view(lab):
    port = free_port()
    alias = 'template IN A alias.test {\n answer "alias.test. 5 IN CNAME www.test."\n }'
    text = block(port, f"{view('near', 'client_ip() == `127.0.0.2`')}\n {hosts('10.0.0.1')}", zone="www.test")
    text += block(port, hosts("10.0.0.2"), zone="www.test") + block(port, alias)
    server = serve(lab, text, port)
    assert dig(server, "alias.test", source="127.0.0.2") == ["www.test.", "10.0.0.1"]
    assert dig(server, "alias.test", source="127.0.0.3") == ["www.test.", "10.0.0.2"]


def test_a_reload_keeps_each_view_what_is_its_own(lab, liar):
    port = free_port()
    upstreams = [liar(), liar()]
    for number, upstream in enumerate(upstreams, start=1):
        upstream.reply = lambda query, number=number: [answer(query, f"10.0.0.{number}")]

    def corefile(names, network):
        expressions = [f"incidr(client_ip(), `{network}`)", "true"]
        return "".join(
            block(port, f"{view(name, expression)}\n cache 300\n forward . 127.0.0.1:{upstream.port}")
            for name, expression, upstream in zip(names, expressions, upstreams)
        )

    def ask():
        return [dig(server, "www.test", source=source) for source in ("127.0.0.2", "127.0.1.2")]

    def reload(text):
        done = server.log().count("Reloading complete")
        path = server.process.args[2]
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.log().count("Reloading complete") > done, "the reload")

    server = serve(lab, corefile(["near", "rest"], "127.0.0.0/24"), port)
    assert ask() == [["10.0.0.1"], ["10.0.0.2"]]
    asked = [len(upstream.queries) for upstream in upstreams]
    # Other expressions, the same names: what is cached is told to those whom it is for now.
    reload(corefile(["near", "rest"], "127.0.1.0/24"))
    assert ask() == [["10.0.0.2"], ["10.0.0.1"]]
    assert [len(upstream.queries) for upstream in upstreams] == asked
    # The names change places, and take with them nothing of what the other has kept.
    reload(corefile(["other", "near"], "127.0.0.0/24"))
    assert ask()[0] == ["10.0.0.1"]
    assert len(upstreams[0].queries) > asked[0]


def test_what_is_in_effect(lab):
    path = lab.directory / "Corefile"
    path.write_text("test {\n view a {\n  expr type()   in ['A', 'B']\n }\n whoami\n}\ntest {\n whoami\n}\n")
    done = subprocess.run([f"{BINARIES}/podnamed", "-conf", str(path), "-check"], capture_output=True, text=True, check=True)
    assert "test.:53 {\n    whoami\n    view a {\n        expr type() in ['A', 'B']\n    }\n}\ntest.:53 {\n    whoami\n}\n" in done.stdout
