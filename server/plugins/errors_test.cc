#include "server/plugins/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "server/plugins/answered_exchange.h"
#include "server/testing/dns_message.h"

namespace podnamed::plugins {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

constexpr const char* kTimeout = "read udp 10.0.0.1:53: i/o timeout";

class ErrorsTest : public ::testing::Test {
 protected:
  // What the log has of queries that ended so.
  std::string LogOf(Errors& errors, std::initializer_list<const char*> texts) {
    CaptureStderr();
    for (const char* text : texts) {
      AnsweredExchange exchange(entrance_, testing::MakeQuery("Example.ORG.", dns::RecordType::kA));
      exchange.rcode = dns::Rcode::kServFail;
      exchange.error = text;
      errors.OnQuery(exchange);
      errors.OnSent(exchange, 60);
    }
    return GetCapturedStderr();
  }
  static std::string Due(Consolidation& consolidation, absl::Time now) {
    CaptureStderr();
    consolidation.TellDue(now);
    return GetCapturedStderr();
  }

  const Entrance entrance_{"dns://:53", ".", 0};
};

TEST_F(ErrorsTest, ALineTellsWhatWentWrongWithWhat) {
  Consolidation consolidation({});
  Errors errors(consolidation);
  EXPECT_EQ(LogOf(errors, {kTimeout}), "[ERROR] plugin/errors: 2 example.org. A: read udp 10.0.0.1:53: i/o timeout\n");
  EXPECT_EQ(LogOf(errors, {""}), "");
}

TEST_F(ErrorsTest, WhatMatchesIsCountedAndToldOnce) {
  Consolidation consolidation({{{.period = absl::Seconds(30), .pattern = "i/o timeout$"},
                                {.period = absl::Seconds(30), .pattern = ".*", .level = base::LogLevel::kWarning}}});
  Errors errors(consolidation);
  EXPECT_EQ(LogOf(errors, {kTimeout, kTimeout, "i/o timeout or not"}), "");
  EXPECT_EQ(Due(consolidation, absl::Now() + absl::Seconds(29)), "");
  EXPECT_EQ(Due(consolidation, absl::Now() + absl::Seconds(31)),
            "[ERROR] plugin/errors: 2 errors like 'i/o timeout$' occurred in last 30s\n"
            "[WARNING] plugin/errors: 1 errors like '.*' occurred in last 30s\n");
  EXPECT_EQ(Due(consolidation, absl::InfiniteFuture()), "");
}

TEST_F(ErrorsTest, TheFirstMayBeShown) {
  Consolidation consolidation(
      {{{.period = absl::Seconds(1), .pattern = "timeout", .level = base::LogLevel::kInfo, .show_first = true}}});
  Errors errors(consolidation);
  const std::string line = "[INFO] plugin/errors: 2 example.org. A: read udp 10.0.0.1:53: i/o timeout\n";
  EXPECT_EQ(LogOf(errors, {kTimeout}), line);
  EXPECT_EQ(Due(consolidation, absl::InfiniteFuture()), "") << "it was the only one";
  EXPECT_EQ(LogOf(errors, {kTimeout, kTimeout, kTimeout}), line);
  EXPECT_EQ(Due(consolidation, absl::InfiniteFuture()),
            "[INFO] plugin/errors: 3 errors like 'timeout' occurred in last 1s\n");
}

TEST_F(ErrorsTest, AtLevelDebugNothingIsWritten) {
  Consolidation consolidation(
      {{{.period = absl::Seconds(1), .pattern = "timeout", .level = std::nullopt, .show_first = true}}});
  Errors errors(consolidation);
  EXPECT_EQ(LogOf(errors, {kTimeout, kTimeout}), "");
  EXPECT_EQ(Due(consolidation, absl::InfiniteFuture()), "");
}

TEST_F(ErrorsTest, WhatIsCountedIsToldAtTheEnd) {
  Consolidation consolidation({{{.period = absl::Hours(1), .pattern = "timeout"}}});
  {
    Errors one_worker(consolidation);
    Errors another(consolidation);
    EXPECT_EQ(LogOf(one_worker, {kTimeout}) + LogOf(another, {kTimeout}), "");
    CaptureStderr();
  }
  EXPECT_EQ(GetCapturedStderr(), "[ERROR] plugin/errors: 2 errors like 'timeout' occurred in last 1h\n");
}

}  // namespace
}  // namespace podnamed::plugins
