"""rewrite: what an upstream is asked, and what the client sees of its reply."""

import dns.edns
import dns.message
import dns.rdatatype

from conftest import free_port
from harness import upstreams
from harness.programs import texts
from harness.upstreams import answer


def asked(upstream):
    """The last question, as text, in lower case: letters are mixed on the way."""
    question = upstream.queries[-1].question[0]
    return f"{question.name.to_text().lower()} {dns.rdatatype.to_text(question.rdtype)}"


def test_a_real_server_is_asked_for_another_name(lab):
    upstream = lab.keep(upstreams.make("knot", lab.directory, free_port()))
    server = lab.serve_block(
        "rewrite name suffix .shop.test .example.org answer auto\n"
        "rewrite name www.other.test www.example.org\n"
        f"cache\n forward . 127.0.0.1:{upstream.port}",
    )
    first = server.ask("WwW.ShOp.TeSt.", "A")
    assert sorted(texts(first.answer)) == [f"WwW.ShOp.TeSt. 300 IN A 192.0.2.{i}" for i in (1, 2)]
    assert first.question[0].name.to_text() == "WwW.ShOp.TeSt."
    alias, *targets = texts(server.ask("alias.shop.test.", "A").answer)
    assert alias == "alias.shop.test. 300 IN CNAME www.shop.test."
    assert len(targets) == 2 and all(line.startswith("www.shop.test. ") for line in targets)
    upstream.stop()
    kept = texts(server.ask("www.OTHER.test.", "A").answer)
    assert len(kept) == 2 and all(line.startswith("www.OTHER.test. ") for line in kept), "kept under the new name"


def test_what_a_type_and_a_class_become(lab, liar):
    upstream = liar()
    server = lab.serve_block(f"rewrite type MX A\n rewrite class CH IN\n forward . 127.0.0.1:{upstream.port}")
    reply = server.ask("www.example.org.", "MX")
    assert asked(upstream) == "www.example.org. A"
    assert reply.question[0].rdtype == dns.rdatatype.MX
    reply = server.ask("www.example.org.", "A", rdclass="CH")
    assert upstream.queries[-1].question[0].rdclass == dns.rdataclass.IN
    assert reply.question[0].rdclass == dns.rdataclass.CH


def test_options_go_upstream_and_their_replies_to_one_client(lab, liar):
    upstream = liar()
    server = lab.serve_block(
        "rewrite continue edns0 local set 0xffee 0x61626364\n"
        "rewrite name suffix .one.test .example.org answer auto\n"
        f"rewrite edns0 subnet set 24 56\n cache\n forward . 127.0.0.1:{upstream.port}",
    )
    for _ in range(2):
        reply = server.ask("www.example.org.", "A")
        assert reply.edns == -1, "the client has not spoken EDNS"
    assert len(upstream.queries) == 2, "nothing is kept of what is for one client"
    options = {int(option.otype): option for option in upstream.queries[-1].options}
    assert options[0xFFEE].data == b"abcd"
    subnet = options[dns.edns.OptionType.ECS]
    assert (subnet.address, subnet.srclen) == ("127.0.0.0", 24)
    for _ in range(2):
        assert len(server.ask("www.one.test.", "A", use_edns=0).answer) == 1
    assert len(upstream.queries) == 3, "the same for everybody"
    assert [option.data for option in upstream.queries[-1].options] == [b"abcd"]


def test_an_alias_leads_elsewhere(lab, liar):
    upstream = liar()

    def reply(query):
        message = answer(query)
        if query.question[0].name.to_text().lower() == "shop.test.":
            message.answer = [dns.rrset.from_text(query.question[0].name, 60, "IN", "CNAME", "shop.cdn.test.")]
        return [message]

    upstream.reply = reply
    server = lab.serve_block(f"rewrite cname suffix .cdn.test. .other.test.\n forward . 127.0.0.1:{upstream.port}")
    lines = texts(server.ask("shop.test.", "A").answer)
    assert lines[0] == "shop.test. 60 IN CNAME shop.other.test."
    assert lines[1].startswith("shop.other.test. ") and " IN A " in lines[1]
    assert [query.question[0].name.to_text().lower() for query in upstream.queries] == ["shop.test.", "shop.other.test."]


def test_failures_and_names_that_cannot_be(lab):
    server = lab.serve_block(
        "rewrite rcode suffix .down.test SERVFAIL NXDOMAIN\n rewrite name regex ^(a+)[.]test {1}..test\n"
        f"forward . 127.0.0.1:{free_port()}",
    )
    assert server.addresses("www.down.test.") == "NXDOMAIN"
    assert server.addresses("www.up.test.") == "SERVFAIL"
    assert server.addresses("aa.test.") == "SERVFAIL"
    server.wait_for_log(r"aa.test. A: plugin/rewrite: invalid name after rewrite: aa..test.")
