"""template: records made of queries, aliases followed to an upstream, and what is counted."""


import dns.rcode

from conftest import free_port
from harness import upstreams
from harness.metrics import scrape
from harness.programs import texts


def test_an_alias_is_followed_to_an_upstream(lab):
    upstream = lab.keep(upstreams.make("unbound", lab.directory, free_port()))
    server = lab.serve_block(
        'template IN ANY foogle.test {\n match "^foogle\\.test\\.$"\n answer "foogle.test 60 IN CNAME www.example.org"\n'
        f" fallthrough\n }}\n forward . 127.0.0.1:{upstream.port}",
    )
    reply = server.ask("foogle.test.", "A")
    assert texts(reply.answer)[0] == "foogle.test. 60 IN CNAME www.example.org."
    assert len(texts(reply.answer)) == 3
    assert texts(server.ask("foogle.test.", "MX").answer) == ["foogle.test. 60 IN CNAME www.example.org."]
    assert server.addresses("www.example.org.") == ["192.0.2.1", "192.0.2.2"]


def test_failures_are_logged_and_counted(lab):
    page = free_port()
    server = lab.serve_block(
        f'prometheus 127.0.0.1:{page}\n template IN A {{\n match ^good\n answer "{{{{ .Name }}}} A 10.0.0.1"\n fallthrough\n }}\n'
        'template IN A {\n answer "{{ .Name }} 60 IN A {{ .Name }}"\n }',
    )
    assert server.addresses("good.test.") == ["10.0.0.1"]
    assert server.ask("bad.test.").rcode() == dns.rcode.SERVFAIL
    server.wait_for_log(r'bad.test. A: plugin/template: "bad.test."; expected an IPv4 address, at column 19')
    counted = scrape(page)
    where = {"server": f"dns://127.0.0.1:{server.port}", "zone": ".", "view": "", "class": "IN", "type": "A"}
    assert counted.value("coredns_template_matches_total", **where) == 2
    failed = {"section": "answer", "template": "{{ .Name }} 60 IN A {{ .Name }}"}
    assert counted.value("coredns_template_rr_failures_total", **where, **failed) == 1
