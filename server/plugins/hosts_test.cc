#include "server/plugins/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/plugins/test_exchange.h"
#include "server/testing/captured_log.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;
using ::testing::HasSubstr;

dns::Name Zone(std::string_view text) { return dns::Name::FromText(text).value(); }

class HostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.zones = {Zone("example.org")};
    options_.ttl = 60;
    options_.reload = absl::ZeroDuration();
    Write(
        "10.0.0.1 a.example.org\nfd00::1 b.example.org\n10.0.0.2 both.example.org both2.example.org\nfd00::2 "
        "both.example.org\n");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // As an editor or a kubelet does it: another file in its place.
  void Write(const std::string& content) {
    const std::string aside = path_ + ".new";
    std::ofstream(aside) << content;
    std::filesystem::rename(aside, path_);
  }

  const std::string path_ = ::testing::TempDir() + "podnamed_hosts_" + std::to_string(getpid());
  config::HostsOptions options_;
};

TEST_F(HostsTest, AnswersAddressesAndNames) {
  const HostsSource source(options_, path_);
  Hosts hosts(source);
  EXPECT_EQ(Ask(hosts, "A.example.org."), "NOERROR aa | A.example.org. 60 IN A 10.0.0.1");
  EXPECT_EQ(Ask(hosts, "both.example.org.", RecordType::kAaaa), "NOERROR aa | both.example.org. 60 IN AAAA fd00::2");
  EXPECT_EQ(Ask(hosts, "2.0.0.10.in-addr.arpa.", RecordType::kPtr),
            "NOERROR aa | 2.0.0.10.in-addr.arpa. 60 IN PTR both.example.org., 2.0.0.10.in-addr.arpa. 60 IN PTR "
            "both2.example.org.");
  EXPECT_EQ(Ask(hosts, "a.example.org.", RecordType::kAaaa), "NOERROR aa") << "NODATA without a SOA, as CoreDNS";
  EXPECT_EQ(Ask(hosts, "a.example.org.", RecordType::kMx), "NOERROR aa");
}

TEST_F(HostsTest, WhatItDoesNotKnowIsAnErrorUnlessItFallsThrough) {
  const HostsSource source(options_, path_);
  Hosts hosts(source);
  EXPECT_EQ(Ask(hosts, "no.example.org."), "SERVFAIL");
  EXPECT_EQ(Ask(hosts, "a.example.com."), "pass") << "none of its zones";
  EXPECT_EQ(Ask(hosts, "9.0.0.10.in-addr.arpa.", RecordType::kPtr), "pass") << "an unknown PTR always goes on";
  EXPECT_EQ(Ask(hosts, "0.10.in-addr.arpa.", RecordType::kPtr), "pass");
  EXPECT_EQ(Ask(hosts, "a.example.org.", RecordType::kPtr), "pass");
  EXPECT_EQ(Ask(hosts, "a.example.org.", RecordType::kA, {.record_class = dns::RecordClass::kCh}), "pass");

  options_.fallthrough = {Zone("sub.example.org")};
  const HostsSource falling_source(options_, path_);
  Hosts falling(falling_source);
  EXPECT_EQ(Ask(falling, "no.sub.example.org."), "pass");
  EXPECT_EQ(Ask(falling, "no.example.org."), "SERVFAIL");
}

TEST_F(HostsTest, WithoutAFileTheCorefilesLinesAreThere) {
  options_.lines = {{*base::ParseIpAddress("10.0.0.9"), {Zone("inline.example.org")}}};
  const HostsSource source(options_, path_ + ".none");
  Hosts hosts(source);
  EXPECT_THAT(Ask(hosts, "inline.example.org."), HasSubstr("10.0.0.9"));
}

// Queries go on while the file changes again and again; a broken file changes nothing.
TEST_F(HostsTest, AChangedFileIsReadAgain) {
  options_.reload = absl::Milliseconds(1);
  const HostsSource source(options_, path_);
  std::atomic<bool> stop = false;
  std::thread worker([&] {
    Hosts hosts(source);
    while (!stop) {
      EXPECT_THAT(Ask(hosts, "a.example.org."), HasSubstr(" 60 IN A 10.0."));
      hosts.OnIdle();
    }
  });
  Hosts hosts(source);
  for (int i = 2; i < 20; ++i) {
    const std::string address = "10.0." + std::to_string(i) + ".1";
    Write(address + " a.example.org\n" + std::string(static_cast<size_t>(i), '\n'));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (Ask(hosts, "a.example.org.").find(address) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
      hosts.OnIdle();
    }
  }
  const testing::CapturedLog log;
  std::filesystem::remove(path_);
  EXPECT_TRUE(log.WaitFor("cannot be read"));
  hosts.OnIdle();
  EXPECT_THAT(Ask(hosts, "a.example.org."), HasSubstr("10.0.19.1")) << "what was read stays";
  stop = true;
  worker.join();
}

}  // namespace
}  // namespace podnamed::plugins
