#include "server/base/manual.h"

#include <gtest/gtest.h>

#include <boost/program_options/value_semantic.hpp>

namespace podnamed::base {
namespace {

namespace po = boost::program_options;

TEST(Manual, APageIsMadeOfTheFlagsAndWhatIsSaidBeside) {
  po::options_description flags("not of the page");
  flags.add_options()("conf", po::value<std::string>()->default_value("Corefile")->value_name("FILE"), "what to load")(
      "p", po::value<int>()->value_name("PORT"), "where")("quiet", po::bool_switch(), "say less");
  const Manual manual = {
      .name = "pod-named",
      .chapter = 8,
      .summary = "a name server",
      .description = {"One.", "Two."},
      .sections = {{.title = "FILES", .entries = {{.term = ".rc", .text = "A file."}}}},
      .see_also = {{.name = "dig", .chapter = 1}, {.name = "resolv.conf", .chapter = 5}},
  };
  EXPECT_EQ(ManualPage(manual, flags, "1.0"), R"(.TH POD\-NAMED 8 "" "podnamed 1.0" "podnamed"
.SH NAME
pod\-named \- a name server
.SH SYNOPSIS
.B pod\-named
[\fIFLAGS\fR]
.SH DESCRIPTION
One.
.PP
Two.
.SH OPTIONS
As \-name value or \-name=value, also with two dashes.
.TP
\fB\-conf\fR \fIFILE\fR
what to load (Corefile).
.TP
\fB\-p\fR \fIPORT\fR
where.
.TP
\fB\-quiet\fR
say less.
.SH FILES
.TP
\fB\&.rc\fR
A file.
.SH SEE ALSO
.BR dig (1),
.BR resolv.conf (5)
)");
}

TEST(Manual, TextIsNeverARequestOfTroff) {
  EXPECT_EQ(TroffText(".TH"), "\\&.TH");
  EXPECT_EQ(TroffText("'s"), "\\&'s");
  EXPECT_EQ(TroffText("a\\b -c"), "a\\eb \\-c");
}

}  // namespace
}  // namespace podnamed::base
