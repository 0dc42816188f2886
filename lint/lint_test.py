"""The checks of this folder find what they are for: each planted mistake is named."""
import pathlib
import tempfile
import unittest

import check_floors
import check_pages


class Floors(unittest.TestCase):
    def errors(self, source, include):
        return check_floors.check(source, f"// head\n#pragma once\n#include {include}\n")

    def test_arrow_up_is_named(self):
        self.assertEqual(
            self.errors("server/state/store.h", '"server/feed/feed_client.h"'),
            ["server/state/store.h:3: server/state may not include server/feed/feed_client.h: "
             "an arrow up from floor 3 (state) to floor 5 (feed)"])

    def test_wrong_arrows(self):
        for source, include, why in [
            ("server/net/udp_batch.cc", '"server/feed/feed_client.h"', "sideways on floor 5, from net to feed"),
            ("server/base/log.cc", '"server/server.h"', "from floor 1 (base) to floor 8 (server)"),
            ("server/state/store.cc", '"config/options.h"', "no door from server/state"),
            ("config/parser.cc", '"server/state/store.h"', "no door from config"),
            ("controller/source/manifests.cc", '"controller/feed/log.h"', "sideways on floor 2"),
            ("controller/main.cc", '"server/state/store.h"', "no door from controller"),
            ("server/server.cc", '"controller/feed/log.h"', "no door from server"),
            ("server/state/store.cc", '"server/testing/cluster.h"', "only tests may"),
            ("server/dns/name.cc", '"server/weather/rain.h"', "no room that lint/check_floors.py draws"),
            ("server/dns/name.cc", '"types.h"', "from the repository's root"),
            ("server/resolve/resolver.cc", "<boost/asio/ip/address.hpp>", "Asio is a word of"),
            ("server/plugins/forward.cc", "<ares.h>", "c-ares is a word of upstream alone"),
            ("server/service/chain.cc", '"podnamed/feed/v1/feed.grpc.pb.h"', "gRPC and protobuf is a word of"),
            ("server/state/store.cc", "<spdlog/spdlog.h>", "standard library and Abseil alone"),
        ]:
            with self.subTest(source=source, include=include):
                errors = self.errors(source, include)
                self.assertEqual(len(errors), 1)
                self.assertIn(why, errors[0])

    def test_right_arrows(self):
        for source, include in [
            ("server/state/store.cc", '"server/state/snapshot.h"'),
            ("server/state/store.cc", '"absl/status/status.h"'),
            ("server/state/store.cc", "<vector>"),
            ("server/state/store_test.cc", "<gtest/gtest.h>"),
            ("server/state/store_test.cc", '"server/testing/cluster.h"'),
            ("server/plugins/kubernetes.cc", '"config/options.h"'),
            ("server/plugins/cache/cache.cc", '"server/plugins/plugin.h"'),
            ("server/server.cc", '"controller/controller.h"'),
            ("controller/source/manifests.cc", '"controller/identity/derive.h"'),
            ("controller/feed/log.cc", '"server/base/log.h"'),
            ("fuzz/feed_fuzz.cc", '"server/feed/feed_decoder.h"'),
            ("bench/load/cluster.cc", '"podnamed/feed/v1/feed.grpc.pb.h"'),
        ]:
            with self.subTest(source=source, include=include):
                self.assertEqual(self.errors(source, include), [])

    def test_an_undrawn_room_is_named(self):
        self.assertEqual(self.errors("server/weather/rain.cc", "<vector>"),
                         ["server/weather/rain.cc:1: lies in no room that lint/check_floors.py draws"])


class Pages(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        self.write("dev", 'case "$command" in\n  run) run ;;\n  test) test ;;\nesac\n')
        self.write("examples/Corefile", "")
        self.write("integration/test_readme.py", 'TRY = """\ndig @127.0.0.1 web-0\n"""\nRUN = "./dev run"\n')
        self.write(".ci/run", "./dev test\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text)

    def errors(self, page):
        self.write("README.md", page)
        return list(check_pages.check_page(self.root, self.root / "README.md"))

    def test_tested_commands_and_true_paths_pass(self):
        self.assertEqual(self.errors("# podnamed\n\n```sh\n./dev run\n# then\ndig @127.0.0.1 \\\n  web-0\n./dev test\n```\n"
                                     "Edit `examples/Corefile`, see [it](examples/Corefile) and `build/bin/podnamed`;\n"
                                     "[the web](https://example.org/x).\n\n```text\nanything at all\n```\n"), [])

    def test_each_untruth_is_named(self):
        for page, error in [
            ("```sh\ndig web-1\n```\n", "README.md:2: no test runs this command: dig web-1"),
            ("a\n\nSay ./dev dance.\n", "README.md:3: ./dev knows no command dance"),
            ("Open `examples/Zonefile`.\n", "README.md:1: names examples/Zonefile, which does not exist"),
            ("[x](docs/none.md#part)\n", "README.md:1: a link to docs/none.md, which does not exist"),
        ]:
            with self.subTest(page=page):
                self.assertEqual(self.errors(page), [error])


if __name__ == "__main__":
    unittest.main()
